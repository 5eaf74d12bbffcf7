import Foundation
import VRRP

/// Inputs to begin with, made from what the tests and the documentation hold. Reads them below the
/// current directory, the root of the tree.
enum Seeds {
  /// Writes one file each into DIRECTORY/TARGET.
  static func write(to directory: String) throws {
    for target in Target.allCases {
      let folder = "\(directory)/\(target.rawValue)"
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true)
      for (number, seed) in try seeds(for: target).enumerated() {
        try Data(seed).write(to: URL(fileURLWithPath: "\(folder)/seed-\(number)"))
      }
    }
  }

  private static func seeds(for target: Target) throws -> [[UInt8]] {
    switch target {
    case .advertisement: try frames().compactMap(advertisement)
    case .router: try routerLives()
    case .netlink: try RouteTables.datagrams()
    case .configuration: try SeedTexts.configurations()
    case .frame: try frames().map { [0] + $0 }
    case .control: try SeedTexts.lines()
    case .peer: PeerTarget.seeds()
    }
  }

  // MARK: Packets

  private static func frames() throws -> [[UInt8]] {
    struct File: Decodable {
      struct Packet: Decodable { var hex: String }
      var packets: [Packet]
    }
    return try ["golden", "malformed"].flatMap { name in
      let path = "Tests/VRRPTests/Packets/\(name).json"
      let data = try Data(contentsOf: URL(fileURLWithPath: path))
      return try JSONDecoder().decode(File.self, from: data).packets.map { octets($0.hex) }
    }
  }

  private static func octets(_ hex: String) -> [UInt8] {
    let digits = hex.compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count - 1, by: 2).map {
      UInt8(digits[$0] << 4 | digits[$0 + 1])
    }
  }

  /// The circumstances and the message; nil when the frame has none.
  private static func advertisement(_ frame: [UInt8]) -> [UInt8]? {
    let isIPv6 = frame[12] == 0x86
    guard frame.count > (isIPv6 ? 54 : 34), frame[isIPv6 ? 20 : 23] == 112,
      let source = IPAddress(bytes: isIPv6 ? frame[22..<38] : frame[26..<30]),
      let destination = IPAddress(bytes: isIPv6 ? frame[38..<54] : frame[30..<34])
    else { return nil }
    let envelope = Envelope(
      source: source, destination: destination, hopLimit: frame[isIPv6 ? 21 : 22])
    return [Reception.circumstances(envelope)] + frame[(isIPv6 ? 54 : 34)...]
  }

  /// The settings of `RouterLife`, then a takeover, a better and a worse router, and each message.
  private static func routerLives() throws -> [[UInt8]] {
    let steps: [UInt8] = [
      4, 6, 0xff, 7, 0, 7, 0, 4, 6, 0x20, 0, 2, 200, 3, 0, 100, 9, 6, 0x20, 0, 3, 50, 11, 4, 10,
      12, 0, 0, 100, 120, 5, 1, 16, 0x20, 200, 17, 0x08, 0, 4, 8, 1, 8, 0, 3, 0x40, 0, 4,
    ]
    let kinds: [UInt8] = [0x00, 0x01, 0x02, 0x04, 0x30, 0x31, 0x32, 0x68, 0xf5]
    var lives: [[UInt8]] = []
    for kind in kinds {
      lives.append([kind, 0, 100, 150, 7] + steps + steps)
      var life: [UInt8] = [kind, 0, 10, 90, 7]
      for message in try frames().compactMap(advertisement) where message.count <= 256 {
        life += [2, UInt8(message.count - 1)]
        life += message
      }
      lives.append(life)
    }
    return lives
  }
}
