import Testing

@testable import VRRP

@Suite("Addresses")
struct AddressTests {
  /// Text in, RFC 5952 text out. The first rows are the examples of its section 4 and 5.
  static let texts: [(String, String)] = [
    ("2001:0db8::0001", "2001:db8::1"),
    ("2001:db8:0:0:0:0:2:1", "2001:db8::2:1"),
    ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
    ("2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
    ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),
    ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
    ("2001:DB8::ABCD", "2001:db8::abcd"),
    ("0:0:0:0:0:ffff:c000:0201", "::ffff:192.0.2.1"),
    ("::ffff:192.0.2.1", "::ffff:192.0.2.1"),
    ("::", "::"), ("::1", "::1"), ("1::", "1::"), ("fe80::", "fe80::"),
    ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"), ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"),
    ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
    ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"),
    ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("0.0.0.0", "0.0.0.0"), ("255.255.255.255", "255.255.255.255"), ("10.0.20.1", "10.0.20.1"),
  ]

  @Test("An address is read in any form and written in one", arguments: texts)
  func text(_ text: String, _ canonical: String) throws {
    let parsed = try address(text)
    #expect(parsed.description == canonical)
    #expect(IPAddress(canonical) == parsed)
    #expect(IPAddress(bytes: parsed.bytes) == parsed)
  }

  @Test(
    "What is not an address is refused",
    arguments: [
      "", " ", ".", "...", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.04", "1.2.3.00",
      "1.2.3.+4", "1.2.3.-0", " 1.2.3.4", "1.2.3.4 ", "1.2.3.4\n", "1..2.3", "0x1.2.3.4", "1.2.3.٤",
      ":", ":::", "1:", ":1", "::1:", ":1::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9",
      "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "1:2:3:4::5:6:7:8", "12345::", "g::", "+1::",
      "-0::",
      "::-0", "fe80::1%eth0", "::1.2.3", "::1.2.3.4:5", "1:2:3:4:5:6:7:1.2.3.4", "::1.2.3.256",
      "1.2.3.4::", "[::1]", "::1/64",
    ])
  func refused(_ text: String) { #expect(IPAddress(text) == nil) }

  @Test("Addresses compare as unsigned numbers in network order")
  func order() throws {
    #expect(try address("192.0.2.1") < address("192.0.2.2"))
    #expect(try address("10.0.0.1") < address("192.0.2.1"))
    #expect(try address("127.0.0.1") < address("128.0.0.1"))
    #expect(try address("fe80::a") < address("fe80::b"))
    #expect(try address("7fff::") < address("8000::"))
    #expect(try address("fe80::ffff:ffff:ffff:ffff") < address("fe80:0:0:1::"))
    #expect(try address("255.255.255.255") < address("::"))
  }

  @Test("Link-local, group and unspecified addresses are recognised")
  func kinds() throws {
    for text in ["fe80::", "fe80::1", "febf:ffff::1"] { #expect(try address(text).isLinkLocal) }
    for text in ["fe7f::1", "fec0::1", "2001:db8::1", "169.254.1.1"] {
      #expect(try !address(text).isLinkLocal)
    }
    for text in ["224.0.0.0", "239.255.255.255", "ff02::12", "ff00::"] {
      #expect(try address(text).isMulticast)
    }
    for text in ["223.255.255.255", "240.0.0.0", "fe80::1"] {
      #expect(try !address(text).isMulticast)
    }
    for text in ["0.0.0.0", "::"] { #expect(try address(text).isUnspecified) }
    for text in ["0.0.0.1", "::1", "1::"] { #expect(try !address(text).isUnspecified) }
  }

  @Test("The groups are 224.0.0.18 and ff02::12")
  func groups() {
    #expect(AddressFamily.ipv4.advertisementGroup.description == "224.0.0.18")
    #expect(AddressFamily.ipv6.advertisementGroup.description == "ff02::12")
  }

  @Test("Bytes of another count than 4 or 16 are no address", arguments: [0, 3, 5, 15, 17])
  func byteCount(_ count: Int) {
    #expect(IPAddress(bytes: [UInt8](repeating: 1, count: count)) == nil)
  }

  /// A network, an address, whether it lies inside.
  static let members: [(String, String, Bool)] = [
    ("192.0.2.1/24", "192.0.2.255", true), ("192.0.2.1/24", "192.0.3.0", false),
    ("192.0.2.1/0", "8.8.8.8", true), ("192.0.2.1/32", "192.0.2.1", true),
    ("192.0.2.1/32", "192.0.2.0", false), ("128.0.0.0/1", "255.0.0.1", true),
    ("128.0.0.0/1", "127.0.0.1", false), ("192.0.2.1", "192.0.2.1", true),
    ("192.0.2.1", "192.0.2.2", false), ("192.0.2.1/0", "::1", false),
    ("2001:db8::1/64", "2001:db8::ffff:0:0:1", true), ("2001:db8::1/64", "2001:db8:0:1::1", false),
    ("2001:db8::/63", "2001:db8:0:1::1", true), ("2001:db8::/65", "2001:db8::7fff:0:0:1", true),
    ("2001:db8::/65", "2001:db8::8000:0:0:1", false), ("::/0", "ff02::1", true),
    ("2001:db8::1/128", "2001:db8::1", true), ("2001:db8::1/128", "2001:db8::2", false),
    ("2001:db8::1/127", "2001:db8::", true), ("::/0", "192.0.2.1", false),
  ]

  @Test("A network contains the addresses that share its prefix", arguments: members)
  func contains(_ network: String, _ member: String, _ inside: Bool) throws {
    let network = try #require(InterfaceAddress(network))
    #expect(network.contains(try address(member)) == inside)
  }

  @Test("An address with a prefix is written as CIDR")
  func cidr() throws {
    #expect(InterfaceAddress("192.0.2.100/24")?.description == "192.0.2.100/24")
    #expect(InterfaceAddress("192.0.2.100")?.description == "192.0.2.100/32")
    #expect(InterfaceAddress("2001:DB8::64/0")?.description == "2001:db8::64/0")
    #expect(InterfaceAddress("2001:db8::64")?.prefixLength == 128)
  }

  @Test(
    "What is not an address with a prefix is refused",
    arguments: [
      "", "/", "/24", "192.0.2.1/", "192.0.2.1/33", "192.0.2.1/-1", "192.0.2.1/+24",
      "192.0.2.1/024",
      "192.0.2.1/24/8", "192.0.2.1/ 24", "192.0.2.1/256", "192.0.2.1/255.255.255.0", "::1/129",
      "192.0.2/24", "::1/1000",
    ])
  func refusedPrefix(_ text: String) { #expect(InterfaceAddress(text) == nil) }
}

@Suite("Hardware addresses")
struct HardwareAddressTests {
  @Test("The virtual MAC is 00-00-5E-00-01-VRID for IPv4 and 00-00-5E-00-02-VRID for IPv6")
  func virtualRouter() throws {
    #expect(
      HardwareAddress.virtualRouter(try identifier(51), .ipv4).description == "00:00:5e:00:01:33")
    #expect(
      HardwareAddress.virtualRouter(try identifier(61), .ipv6).description == "00:00:5e:00:02:3d")
    #expect(
      HardwareAddress.virtualRouter(try identifier(255), .ipv4).description == "00:00:5e:00:01:ff")
  }

  @Test("An address is read with colons or dashes and written with colons")
  func text() throws {
    #expect(try hardwareAddress("02:00:00:00:00:0A").description == "02:00:00:00:00:0a")
    #expect(try hardwareAddress("FF-FF-FF-FF-FF-FF") == .broadcast)
    #expect(HardwareAddress(number: 0xffff_0200_0000_000a).description == "02:00:00:00:00:0a")
    #expect(try hardwareAddress("02:00:00:00:00:0a").bytes == [2, 0, 0, 0, 0, 10])
    #expect(
      HardwareAddress(bytes: [2, 0, 0, 0, 0, 10]) == (try hardwareAddress("02:00:00:00:00:0a")))
    #expect(HardwareAddress(bytes: [2, 0, 0, 0, 10]) == nil)
  }

  @Test(
    "What is not a hardware address is refused",
    arguments: [
      "", "02:00:00:00:00", "02:00:00:00:00:0a:0b", "2:0:0:0:0:a", "02:00:00:00:00:0g",
      "02:00:00:00:00:+a", "0200.0000.000a", "02000000000a", "02:00:00:00:00:0a ", ":::::",
    ])
  func refused(_ text: String) { #expect(HardwareAddress(text) == nil) }
}

@Suite("Parameters")
struct ParameterTests {
  @Test("A VRID is 1-255")
  func identifiers() {
    #expect(VirtualRouterIdentifier(0) == nil)
    #expect(VirtualRouterIdentifier(1)?.number == 1)
    #expect(VirtualRouterIdentifier(255)?.number == 255)
  }

  @Test("An interval is 1-4095 centiseconds in version 3, 1-255 seconds in version 2")
  func intervals() {
    #expect(AdvertisementInterval(centiseconds: 0) == nil)
    #expect(AdvertisementInterval(centiseconds: 1)?.duration == .milliseconds(10))
    #expect(AdvertisementInterval(centiseconds: 4095)?.duration == .milliseconds(40_950))
    #expect(AdvertisementInterval(centiseconds: 4096) == nil)
    #expect(AdvertisementInterval(seconds: 0) == nil)
    #expect(AdvertisementInterval(seconds: 1) == .standard)
    #expect(AdvertisementInterval(seconds: 255)?.duration == .seconds(255))
  }
}

@Suite("Discard reasons")
struct DiscardReasonTests {
  @Test("Each reason is a counter of its own name")
  func names() {
    #expect(
      DiscardReason.allCases.map(\.rawValue) == [
        "hop_limit", "version", "type", "length", "checksum", "unknown_virtual_router",
        "no_addresses", "zero_interval", "interval_mismatch", "first_address",
        "authentication_type", "address_list", "destination", "own_source", "source",
        "missing_trailer", "malformed_trailer", "unknown_key", "invalid_code", "stale", "replayed",
      ])
    #expect(Set(DiscardReason.allCases.map(\.explanation)).count == 21)
  }

  @Test("Counting one reason leaves the others alone")
  func counting() {
    var counters = DiscardCounters()
    counters.count(.checksum)
    counters.count(.checksum)
    counters.count(.source)
    #expect(counters[.checksum] == 2)
    #expect(counters[.source] == 1)
    #expect(counters[.length] == 0)
    #expect(counters.total == 3)
  }
}
