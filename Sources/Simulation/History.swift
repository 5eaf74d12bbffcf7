import Failover

/// What happened in a world, one step after the other; kept only when somebody wants to read it.
struct History {
  enum Step {
    case event(Int, Participant.Event)
    case effect(Int, Participant.Effect)
    case word(String)
  }

  private(set) var steps: [(time: Nanoseconds, step: Step)] = []

  mutating func note(_ step: Step, at time: Nanoseconds) { steps.append((time, step)) }

  /// The last `count` steps, one a line.
  func text(last count: Int) -> String {
    steps.suffix(count).map { time, step in
      switch step {
      case .event(let node, let event): "\(Self.text(time)) \(node)    \(event)"
      case .effect(let node, let effect): "\(Self.text(time)) \(node)      -> \(effect)"
      case .word(let word): "\(Self.text(time)) \(word)"
      }
    }.joined(separator: "\n").replacing("Failover.", with: "").replacing("VRRP.", with: "")
  }

  /// Seconds with six digits behind the point.
  static func text(_ time: Nanoseconds) -> String {
    let microseconds = String(time / 1000 % 1_000_000)
    let zeros = String(repeating: "0", count: 6 - microseconds.count)
    return "\(time / .second).\(zeros)\(microseconds)"
  }
}
