import Control
import Foundation
import Glibc
import Synchronization

/// A process that listens on a real socket and answers each request line with a prepared text.
final class TestDaemon: Sendable {
  /// What follows a request.
  struct Answer: Sendable {
    var text: [UInt8] = []
    /// Whether to wait for the client to close instead of closing first.
    var holds = false

    init(_ text: String = "", holds: Bool = false) {
      self.text = Array(text.utf8)
      self.holds = holds
    }

    init(_ replies: [Reply]) { text = replies.flatMap { $0.line() } }
  }

  let directory: String
  let path: String
  private let listener: Int32
  private let requests = Mutex<[String]>([])

  /// The request lines that came, in order.
  var received: [String] { requests.withLock { $0 } }

  init(answer: @escaping @Sendable (Request) -> Answer) throws {
    directory = try makeDirectory()
    path = directory + "/control.sock"
    listener = try listen(on: path, backlog: 8)
    let listener = listener
    // The thread keeps the daemon's memory alive only while it serves a client.
    Thread { [weak self] in
      while true {
        let client = accept(listener, nil, nil)
        // The thread alone closes the listener: its number must not be reused before.
        guard client >= 0 else {
          close(listener)
          return
        }
        self?.serve(client, answer)
        close(client)
      }
    }.start()
  }

  convenience init(_ answer: Answer) throws { try self.init { _ in answer } }

  deinit {
    // Wakes accept(2) on the thread, which then ends.
    shutdown(listener, Int32(SHUT_RDWR))
    try? FileManager.default.removeItem(atPath: directory)
  }

  private func serve(_ client: Int32, _ answer: (Request) -> Answer) {
    var limit = timeval(tv_sec: 20, tv_usec: 0)
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    var line: [UInt8] = []
    var byte: UInt8 = 0
    while line.last != 0x0A {
      guard recv(client, &byte, 1, 0) == 1 else { return }
      line.append(byte)
    }
    requests.withLock { $0.append(String(decoding: line, as: UTF8.self)) }
    guard let request = try? Request(line: line) else { return }
    let reply = answer(request)
    var sent = 0
    while sent < reply.text.count {
      let count = reply.text.withUnsafeBytes {
        send(
          client, $0.baseAddress?.advanced(by: sent), min(7000, reply.text.count - sent),
          Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return }
      sent += count
    }
    if reply.holds { _ = recv(client, &byte, 1, 0) }
  }
}

/// A new directory under the system's own for such things.
func makeDirectory() throws -> String {
  var template = Array("/tmp/godwit-test-XXXXXX".utf8CString)
  guard mkdtemp(&template) != nil else { throw POSIXError(.EIO) }
  return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// Listens on a new socket at `path`.
func listen(on path: String, backlog: Int32) throws -> Int32 {
  let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
  var address = unixAddress(path)
  let bound = withUnsafePointer(to: &address) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
    }
  }
  guard bound == 0, Glibc.listen(descriptor, backlog) == 0 else { throw POSIXError(.EIO) }
  return descriptor
}

func unixAddress(_ path: String) -> sockaddr_un {
  var address = sockaddr_un()
  address.sun_family = sa_family_t(AF_UNIX)
  withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
  return address
}
