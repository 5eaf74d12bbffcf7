/// `http://HOST[:PORT][/PATH]`.
struct HTTPLocation {
  let endpoint: Endpoint
  /// The host with its port as the Host field wants it (RFC 9110 section 7.2).
  let authority: String
  /// Path and query, `/` at least.
  let path: String

  init(_ text: String) throws(Failure) {
    let start = "http://"
    guard !text.lowercased().hasPrefix("https://") else {
      throw Failure("https is not supported: check it with a command such as curl")
    }
    guard text.lowercased().hasPrefix(start), text.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) else {
      throw Failure("'\(text)' is not http://HOST[:PORT]/PATH")
    }
    let rest = text.dropFirst(start.count).prefix { $0 != "#" }
    let authority = rest.prefix { $0 != "/" && $0 != "?" }
    guard !authority.contains("@") else { throw Failure("a URL with a user is not supported") }
    endpoint = try Endpoint(authority, standardPort: "80")
    self.authority = String(authority)
    let path = rest.dropFirst(authority.count)
    self.path = path.hasPrefix("/") ? String(path) : "/" + path
  }
}

/// A GET whose answer must have a status of 200-299 (RFC 9110 section 15.3).
enum HTTPCheck {
  private static let longestHead = 65536

  static func run(_ location: HTTPLocation, until deadline: Deadline) throws(Failure) {
    let connection = try Connection.open(to: location.endpoint, until: deadline)
    try connection.send(
      "GET \(location.path) HTTP/1.1\r\nHost: \(location.authority)\r\n"
        + "User-Agent: godwit-check\r\nAccept: */*\r\nConnection: close\r\n\r\n")
    var lines = ResponseLines(connection: connection, left: longestHead)
    while true {
      let line = try lines.next()
      let status = try status(of: line)
      if (200...299).contains(status) { return }
      // 1xx comes before the answer and has fields of its own (RFC 9110 section 15.2).
      guard (100...199).contains(status), status != 101 else {
        throw Failure("answered '\(line)'")
      }
      while try !lines.next().isEmpty {}
    }
  }

  private static func status(of line: String) throws(Failure) -> Int {
    let words = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
    guard words.count >= 2, words[0].hasPrefix("HTTP/1."), words[1].utf8.count == 3,
      let status = Int(words[1])
    else { throw Failure("the answer is not HTTP: '\(line.prefix(80))'") }
    return status
  }
}

/// The lines of a response's head, without control characters.
struct ResponseLines: ~Copyable {
  let connection: Connection
  private var buffer: [UInt8] = []
  private var left: Int

  init(connection: consuming Connection, left: Int) {
    self.connection = connection
    self.left = left
  }

  mutating func next() throws(Failure) -> String {
    while true {
      if let end = buffer.firstIndex(of: UInt8(ascii: "\n")) {
        let line = buffer[..<end].map { (32..<127).contains($0) ? $0 : UInt8(ascii: "?") }
        let ended = buffer[..<end].last == UInt8(ascii: "\r")
        buffer.removeSubrange(...end)
        return String(decoding: ended ? line.dropLast() : line[...], as: UTF8.self)
      }
      let bytes = try connection.receive()
      guard !bytes.isEmpty else { throw Failure("closed the connection without an answer") }
      left -= bytes.count
      guard left >= 0 else { throw Failure("the answer's head is too long") }
      buffer += bytes
    }
  }
}
