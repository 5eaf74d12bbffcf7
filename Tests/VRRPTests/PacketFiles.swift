import Foundation
import VRRP

/// A frame of Packets/golden.json; see Packets/README.md for the fields.
struct GoldenPacket: Decodable, Sendable, CustomStringConvertible {
  let id: String
  let kind: String
  let use: String
  let hex: String
  let checksumForm: String?
  let decoded: Decoded

  var description: String { id }

  struct Decoded: Decodable, Sendable {
    let ethernet: Ethernet
    let ipv4: Network?
    let ipv6: Network?
    let vrrp: VRRPMessage?
    let arp: ARPMessage?
    let icmpv6: NeighborMessage?
  }

  struct Ethernet: Decodable, Sendable {
    let destination: String
    let source: String
  }

  struct Network: Decodable, Sendable {
    let ttl: UInt8?
    let hopLimit: UInt8?
    let source: String
    let destination: String
  }

  struct VRRPMessage: Decodable, Sendable {
    let version: UInt8
    let vrid: UInt8
    let priority: UInt8
    let count: Int
    let adverIntSeconds: UInt8?
    let maxAdvertiseIntervalCentiseconds: UInt16?
    let addresses: [String]
  }

  struct ARPMessage: Decodable, Sendable {
    let operation: UInt16
    let senderMac: String
    let senderAddress: String
    let targetMac: String
    let targetAddress: String
  }

  struct NeighborMessage: Decodable, Sendable {
    let router: Bool
    let solicited: Bool
    let override: Bool
    let target: String
    let targetMac: String?
  }

  static func all() throws -> [GoldenPacket] { try packets(in: "golden") }

  /// Those of the given kinds and uses.
  static func all(_ kinds: Set<String>, _ uses: Set<String>) throws -> [GoldenPacket] {
    try all().filter { kinds.contains($0.kind) && uses.contains($0.use) }
  }
}

/// A frame of Packets/malformed.json.
struct MalformedPacket: Decodable, Sendable, CustomStringConvertible {
  let id: String
  let receiver: String
  let checksumForm: String
  let expect: String
  let rejectReason: String?
  /// `step-down` or `answer-at-once` for a frame to accept.
  let effect: String?
  let hex: String

  var description: String { "\(id) \(checksumForm)" }

  static func all() throws -> [MalformedPacket] { try packets(in: "malformed") }
}

private struct PacketFile<Packet: Decodable>: Decodable {
  let packets: [Packet]
}

private func packets<Packet: Decodable>(in name: String) throws -> [Packet] {
  try packetFile(name, as: PacketFile<Packet>.self).packets
}

/// The file of that name in Packets.
func packetFile<File: Decodable>(_ name: String, as type: File.Type) throws -> File {
  let folder = Bundle.module.bundleURL.appendingPathComponent("Packets")
  let data = try Data(contentsOf: folder.appendingPathComponent("\(name).json"))
  let decoder = JSONDecoder()
  decoder.keyDecodingStrategy = .convertFromSnakeCase
  return try decoder.decode(File.self, from: data)
}

/// An Ethernet frame taken apart down to the payload of IP, as a raw socket hands it over.
struct CapturedFrame {
  let bytes: [UInt8]
  let envelope: Envelope
  let message: [UInt8]

  init(hex: String) throws {
    bytes = try octets(hex)
    if bytes[12] == 0x08 {
      let headerLength = Int(bytes[14] & 0xf) * 4
      let end = 14 + (Int(bytes[16]) << 8 | Int(bytes[17]))
      message = Array(bytes[(14 + headerLength)..<end])
      envelope = try Self.envelope(bytes[26..<30], bytes[30..<34], hopLimit: bytes[22])
    } else {
      let end = 54 + (Int(bytes[18]) << 8 | Int(bytes[19]))
      message = Array(bytes[54..<end])
      envelope = try Self.envelope(bytes[22..<38], bytes[38..<54], hopLimit: bytes[21])
    }
  }

  private static func envelope(
    _ source: ArraySlice<UInt8>, _ destination: ArraySlice<UInt8>, hopLimit: UInt8
  ) throws -> Envelope {
    guard let source = IPAddress(bytes: source), let destination = IPAddress(bytes: destination)
    else { throw BadTestData(text: "address") }
    return Envelope(source: source, destination: destination, hopLimit: hopLimit)
  }
}

struct BadTestData: Error { let text: String }

/// The bytes that a string of hexadecimal digits stands for; blanks are ignored.
func octets(_ hex: String) throws -> [UInt8] {
  let digits = hex.filter { $0 != " " }.map { $0.hexDigitValue }
  guard digits.count % 2 == 0 else { throw BadTestData(text: hex) }
  return try stride(from: 0, to: digits.count, by: 2).map {
    guard let high = digits[$0], let low = digits[$0 + 1] else { throw BadTestData(text: hex) }
    return UInt8(high << 4 | low)
  }
}

/// An address written as text.
func address(_ text: String) throws -> IPAddress {
  guard let address = IPAddress(text) else { throw BadTestData(text: text) }
  return address
}

func hardwareAddress(_ text: String) throws -> HardwareAddress {
  guard let address = HardwareAddress(text) else { throw BadTestData(text: text) }
  return address
}

func identifier(_ number: UInt8) throws -> VirtualRouterIdentifier {
  guard let identifier = VirtualRouterIdentifier(number) else {
    throw BadTestData(text: "\(number)")
  }
  return identifier
}

func interval(centiseconds: UInt16) throws -> AdvertisementInterval {
  guard let interval = AdvertisementInterval(centiseconds: centiseconds) else {
    throw BadTestData(text: "\(centiseconds)")
  }
  return interval
}

// A macro cannot capture a span, so the expectations pass arrays.

extension ARPPacket {
  init?(frame: [UInt8]) { self.init(decoding: frame.span) }
}

extension NeighborAdvertisement {
  init?(frame: [UInt8]) { self.init(decoding: frame.span) }
}

extension NeighborSolicitation {
  init?(frame: [UInt8]) { self.init(decoding: frame.span) }
}

extension NeighborClaim {
  init?(frame: [UInt8]) { self.init(decoding: frame.span) }
}

extension Advertisement {
  init(_ message: [UInt8], _ envelope: Envelope) throws(DiscardReason) {
    try self.init(decoding: message.span, in: envelope)
  }

  func lists(_ configured: [IPAddress], _ message: [UInt8]) -> Bool {
    lists(AddressList(configured), in: message.span)
  }

  static func addresses(_ message: [UInt8], _ family: AddressFamily) -> [IPAddress] {
    addresses(in: message.span, family: family)
  }
}
