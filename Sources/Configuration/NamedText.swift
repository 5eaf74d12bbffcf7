// Texts with rules of their own: names, paths, hosts, command lines.

extension Field {
  static let nameRemedy = "use 1-64 letters, digits, `-`, `_` and `.`"

  /// The name of a node, a virtual router or a check.
  func name() -> String? {
    guard let text = text("a name", Self.nameRemedy) else { return nil }
    guard isName(text) else {
      refuse("`\(shown(text))` is not a name", Self.nameRemedy)
      return nil
    }
    return text
  }

  /// A user or group of the system (useradd(8)); nobody looks whether it exists.
  func accountName() -> String? {
    let remedy = "use 1-32 letters, digits, `-`, `_` and `.`, beginning with a letter or `_`"
    guard let text = text("a name", remedy) else { return nil }
    guard text.utf8.count <= 32, isName(text), let first = text.utf8.first,
      isLetter(first) || first == UInt8(ascii: "_")
    else {
      refuse("`\(shown(text))` is not the name of a user or group", remedy)
      return nil
    }
    return text
  }

  /// The name of a network interface: 1-15 bytes (`IFNAMSIZ`, dev_valid_name in net/core/dev.c).
  func interfaceName() -> String? {
    let remedy = "use 1-15 characters without `/`, `:` and spaces, like `eth0`"
    guard let text = text("an interface name", remedy) else { return nil }
    guard (1...15).contains(text.utf8.count), text != ".", text != "..",
      text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }),
      !text.contains("/"), !text.contains(":")
    else {
      refuse("`\(shown(text))` is not an interface name", remedy)
      return nil
    }
    return text
  }

  /// An absolute path.
  ///
  /// - Parameter maximumBytes: 4095 is PATH_MAX without its NUL, 107 what `sockaddr_un` holds.
  func path(maximumBytes: Int = 4095) -> String? {
    guard let text = text("a path", "write an absolute path") else { return nil }
    guard text.hasPrefix("/") else {
      refuse("`\(shown(text))` is not an absolute path", "begin it with `/`")
      return nil
    }
    guard text.utf8.count <= maximumBytes else {
      refuse(
        "the path has \(text.utf8.count) bytes", "use a path of at most \(maximumBytes) bytes")
      return nil
    }
    return text
  }

  /// A program and its arguments, the program as an absolute path: no shell looks for it.
  func command() -> [String]? {
    let remedy = "write it like `[/usr/bin/program, argument]`"
    guard case .sequence = node.content else {
      refuseType("a list of the program and its arguments", remedy)
      return nil
    }
    guard let elements = list(of: "arguments"), let first = elements.first else {
      refuse("the command is empty", remedy)
      return nil
    }
    guard let program = first.path() else {
      for argument in elements.dropFirst() { _ = argument.anyText("text", remedy) }
      return nil
    }
    let arguments = elements.dropFirst().map { $0.anyText("text", remedy) }
    let texts = arguments.compactMap(\.self)
    return texts.count == arguments.count ? [program] + texts : nil
  }

  /// `HOST:PORT` or `[IPv6]:PORT`.
  func endpoint() -> String? {
    let remedy = "write it like `127.0.0.1:5432` or `\"[::1]:5432\"`"
    guard let text = text("an address and a port", remedy) else { return nil }
    guard isEndpoint(text[...], portRequired: true) else {
      refuse("`\(shown(text))` is not an address with a port of 1-65535", remedy)
      return nil
    }
    return text
  }

  /// A URL of plain HTTP: `http://HOST[:PORT][/PATH]`.
  func webAddress() -> String? {
    let remedy = "write it like `http://127.0.0.1:8008/primary`"
    guard let text = text("a URL", remedy) else { return nil }
    guard text.hasPrefix("http://"), text.utf8.count <= 2048,
      text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }),
      isEndpoint(text.dropFirst(7).prefix { $0 != "/" && $0 != "?" }, portRequired: false)
    else {
      refuse("`\(shown(text))` is not a URL that begins with `http://`", remedy)
      return nil
    }
    return text
  }
}

/// 1-64 letters, digits, `-`, `_` and `.`; not `.` or `..`, which would be directories.
func isName(_ text: String) -> Bool {
  (1...64).contains(text.utf8.count) && text != "." && text != ".."
    && text.utf8.allSatisfy {
      isLetter($0) || (48...57).contains($0) || [0x2d, 0x2e, 0x5f].contains($0)
    }
}

/// An ASCII letter.
func isLetter(_ byte: UInt8) -> Bool {
  (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
}
