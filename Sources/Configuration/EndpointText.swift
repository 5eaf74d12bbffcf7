import VRRP

/// Whether a text is `HOST:PORT`, with an IPv6 address in brackets.
///
/// - Parameter portRequired: false when the port may be missing, as in a URL.
func isEndpoint(_ text: Substring, portRequired: Bool) -> Bool {
  let port: Substring
  if text.hasPrefix("[") {
    guard let end = text.firstIndex(of: "]"), IPv6Address(text[..<end].dropFirst()) != nil else {
      return false
    }
    port = text[end...].dropFirst()
  } else {
    let host = text.prefix { $0 != ":" }
    guard isHost(host) else { return false }
    port = text[host.endIndex...]
  }
  if port.isEmpty { return !portRequired }
  let digits = port.dropFirst()
  guard port.hasPrefix(":"), (1...5).contains(digits.utf8.count), digits.first != "0",
    digits.utf8.allSatisfy({ (48...57).contains($0) }), let number = Int(digits)
  else { return false }
  return number <= 65535
}

/// A host name (RFC 1123 section 2.1) or an IPv4 address; digits and dots alone must be an address.
private func isHost(_ host: Substring) -> Bool {
  guard (1...253).contains(host.utf8.count) else { return false }
  if host.utf8.allSatisfy({ (48...57).contains($0) || $0 == UInt8(ascii: ".") }) {
    return IPv4Address(host) != nil
  }
  return host.split(separator: ".", omittingEmptySubsequences: false).allSatisfy {
    $0.utf8.count <= 63 && isName(String($0)) && !$0.hasPrefix("-")
  }
}
