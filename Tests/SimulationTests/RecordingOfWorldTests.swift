import Failover
import Recording
import Testing
import VRRP

@testable import Simulation

@Suite struct RecordingOfWorldTests {
  @Test("what a node did in a world is done again by its recording", arguments: 0..<UInt64(6))
  func replays(seed: UInt64) throws {
    var world = World(Scenario(seed: seed), keepsHistory: true)
    let settings = world.settings(of: world.nodes[0])
    world.run()
    var replay = Replay()
    _ = try replay.play(
      RecordedLine(
        beginning: "0", settings, term: 0, isRestart: false, at: try start(of: 0, in: world)))
    var count = 0
    for line in try firstLife(of: 0, in: world) {
      let step = try #require(try replay.play(RecordedLine(bytes: line.bytes())))
      #expect(step.isSame, "\(step)")
      count += 1
    }
    #expect(count > 3)
  }

  private func start(of node: Int, in world: World) throws -> Instant {
    let history = try #require(world.history)
    let first = try #require(
      history.steps.first { if case .event(node, _) = $0.step { true } else { false } })
    return world.nodes[node].clock.instant(at: first.time)
  }

  /// The events of the first process of a node, each with what followed from it.
  private func firstLife(of node: Int, in world: World) throws -> [RecordedLine] {
    let history = try #require(world.history)
    let clock = world.nodes[node].clock
    var lines: [RecordedLine] = []
    var open: (event: Participant.Event, effects: [Participant.Effect], time: Nanoseconds)?
    for (time, step) in history.steps {
      switch step {
      case .event(node, let event):
        if let open {
          lines.append(
            RecordedLine("\(node)", open.event, open.effects, at: clock.instant(at: open.time)))
        }
        open = (event, [], time)
      case .effect(node, let effect): open?.effects.append(effect)
      case .word("\(node) crashes"), .word("\(node) has stopped"):
        // What a crash cut short is left out.
        return lines
      case .event, .effect, .word: break
      }
    }
    return lines
  }
}
