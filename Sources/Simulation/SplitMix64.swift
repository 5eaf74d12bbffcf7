/// Sebastiano Vigna's SplitMix64: every seed gives one sequence, on every machine.
public struct SplitMix64: RandomNumberGenerator, Sendable {
  private var state: UInt64

  public init(seed: UInt64) { state = seed }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// A sequence of its own for one purpose, so that what happens there moves nothing elsewhere.
  mutating func fork() -> SplitMix64 { SplitMix64(seed: next()) }

  /// 0 up to but not including `bound`, which is at least 1; the bias of 2^-32 does not matter here.
  mutating func below(_ bound: Int) -> Int {
    Int(truncatingIfNeeded: ((next() >> 32) &* UInt64(bound)) >> 32)
  }

  mutating func chance(_ percent: Int) -> Bool { below(100) < percent }

  /// A time of that range, both ends included.
  mutating func time(_ range: ClosedRange<Nanoseconds>) -> Nanoseconds {
    let width = UInt64(range.upperBound - range.lowerBound) + 1
    return range.lowerBound + Nanoseconds(next() % width)
  }

  mutating func pick<Element>(_ choices: [Element]) -> Element { choices[below(choices.count)] }
}
