/// `HOST:PORT`; an IPv6 address stands in brackets.
struct Endpoint {
  let host: String
  /// 1-65535, in digits.
  let port: String

  init(_ text: some StringProtocol, standardPort: String?) throws(Failure) {
    let wrong = Failure("'\(text)' is not ADDRESS:PORT or [ADDRESS]:PORT")
    let rest: Substring
    if text.hasPrefix("[") {
      guard let end = text.firstIndex(of: "]") else { throw wrong }
      host = String(text[text.index(after: text.startIndex)..<end])
      rest = Substring(text[text.index(after: end)...])
    } else {
      let end = text.firstIndex(of: ":") ?? text.endIndex
      host = String(text[..<end])
      rest = Substring(text[end...])
    }
    if rest.isEmpty, let standardPort {
      port = standardPort
    } else {
      guard rest.first == ":", rest.dropFirst().utf8.allSatisfy({ (48...57).contains($0) }),
        let number = UInt16(rest.dropFirst()), number > 0
      else { throw wrong }
      port = String(number)
    }
    guard !host.isEmpty, host.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) else { throw wrong }
  }
}
