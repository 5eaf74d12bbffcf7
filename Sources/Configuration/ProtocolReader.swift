import VRRP

/// The keys whose ranges depend on the version and the family.
struct ProtocolReader {
  let version: ProtocolVersion
  let interval: AdvertisementInterval
  let checksum: ChecksumForm

  /// - Parameter family: of the addresses; nil when they cannot be read.
  init(_ section: Section, family: AddressFamily?) {
    version = Self.version(section["version"], family)
    interval = Self.interval(section["advertisement_interval"], version)
    checksum = Self.checksum(section["checksum"], version, family)
  }

  private static func version(_ field: Field?, _ family: AddressFamily?) -> ProtocolVersion {
    guard let field, field.integer(2...3) == 2 else { return .version3 }
    if family == .ipv6 {
      field.refuse("version 2 carries IPv4 only, the addresses are IPv6", "use version 3")
    }
    return .version2
  }

  private static func interval(_ field: Field?, _ version: ProtocolVersion) -> AdvertisementInterval
  {
    guard let field else { return .standard }
    let range: ClosedRange<Duration> =
      version == .version2
      ? .seconds(1) ... .seconds(40) : .milliseconds(10) ... .milliseconds(40_950)
    guard let duration = field.duration(range) else { return .standard }
    let parts = duration.components
    let milliseconds = parts.seconds * 1_000 + parts.attoseconds / 1_000_000_000_000_000
    if version == .version2, milliseconds % 1_000 != 0 {
      field.refuse(
        "version 2 carries whole seconds only", "use 1s-40s without a fraction, or version 3")
    } else if milliseconds % 10 != 0 {
      field.refuse(
        "\(DurationText.spelled(duration)) is not a multiple of 10ms", "use steps of 10ms")
    }
    return AdvertisementInterval(centiseconds: UInt16(clamping: milliseconds / 10)) ?? .standard
  }

  private static func checksum(
    _ field: Field?, _ version: ProtocolVersion, _ family: AddressFamily?
  ) -> ChecksumForm {
    guard let field, let word = field.choice(["rfc9568", "pseudo-header"]) else { return .message }
    if version == .version2 {
      field.refuseKey("version 2 has only one form of checksum", "leave the key out")
    } else if family == .ipv6 {
      field.refuseKey("IPv6 has only one form of checksum", "leave the key out")
    }
    return word == "pseudo-header" ? .pseudoHeader : .message
  }
}

/// `preempt`: `false`, `true` or `{delay: 30s}`.
func readPreemption(_ section: Section) -> Preemption {
  guard let field = section["preempt"] else { return .never }
  if case .mapping = field.node.content {
    let mapping = Section(field, "a mapping with `delay`", keys: ["delay"])
    let delay = mapping?.required("delay", "add it, like `delay: 30s`")
    return .after(delay?.duration(.milliseconds(10) ... .seconds(86_400)) ?? .zero)
  }
  guard field.scalar(.boolean) != nil else {
    field.refuseType("true, false or a delay", "write `true`, `false` or `{delay: 30s}`")
    return .never
  }
  return field.boolean() == true ? .always : .never
}

extension Field {
  /// `interface`: a name, `{mac: ...}` or `{subnet: CIDR}`.
  func interfaceSelector() -> InterfaceSelector? {
    guard case .mapping = node.content else { return interfaceName().map { .name($0) } }
    guard let section = Section(self, "an interface", keys: ["mac", "subnet"]) else { return nil }
    switch (section["mac"], section["subnet"]) {
    case (let mac?, nil): return mac.hardwareAddress().map { .hardwareAddress($0) }
    case (nil, let subnet?): return subnet.network().map { .subnet($0) }
    case (_?, let subnet?):
      subnet.refuseKey("`mac` and `subnet` contradict each other", "keep one of them")
    case (nil, nil):
      section.refuse(
        "the interface is not named", "write its name, `{mac: ...}` or `{subnet: ...}`")
    }
    return nil
  }

  /// The hardware address of one interface.
  private func hardwareAddress() -> HardwareAddress? {
    let remedy = "write it like `52:54:00:12:34:56`"
    guard let text = text("a hardware address", remedy) else { return nil }
    guard let address = HardwareAddress(text) else {
      refuse("`\(shown(text))` is not a hardware address", remedy)
      return nil
    }
    // The lowest bit of the first byte marks a group (IEEE 802).
    guard address.number != 0, address.number >> 40 & 1 == 0 else {
      refuse("\(address) is not the address of one interface", remedy)
      return nil
    }
    return address
  }
}
