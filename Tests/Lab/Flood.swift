import Glibc

/// Frames that go out of a node's interface by the ten thousand, in a process of its own.
public final class Flood {
  private let process: LabProcess

  fileprivate init(_ process: LabProcess) { self.process = process }

  public var isRunning: Bool { process.isRunning }

  /// Waits until all are sent; how many each second.
  @discardableResult
  public func wait(within limit: Duration = .seconds(60)) throws -> Double {
    guard try process.waitForExit(within: limit) == .status(0) else {
      throw LabError("the flood ended: \(process.errors)")
    }
    let words = process.output.split(whereSeparator: \.isWhitespace).compactMap { Double($0) }
    guard words.count == 2 else { throw LabError("the flood says \(process.output)") }
    return words[0] / words[1] * 1e9
  }
}

extension Lab {
  /// Sends `total` frames from a node, those given over and over, `perSecond` each second or, for 0,
  /// as fast as it goes.
  public func flood(
    _ frames: [[UInt8]], total: Int, perSecond: Int = 0, from node: String, network: Int = 0
  ) throws -> Flood {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for frame in frames {
      for byte in frame { text += [digits[Int(byte >> 4)], digits[Int(byte & 15)]] }
      text.append(UInt8(ascii: "\n"))
    }
    return Flood(
      try start(
        [Products.path("lab-traffic"), "flood", "eth\(network)", "\(total)", "\(perSecond)"],
        in: node, input: String(decoding: text, as: UTF8.self), entry: .network))
  }
}
