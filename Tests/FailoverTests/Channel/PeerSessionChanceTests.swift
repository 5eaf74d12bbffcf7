import Testing
import VRRP

@testable import Failover

/// Numbers that look random, the same for the same seed (SplitMix64).
struct SeededNumbers: RandomNumberGenerator {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var number = state
    number = (number ^ number >> 30) &* 0xbf58_476d_1ce4_e5b9
    number = (number ^ number >> 27) &* 0x94d0_49bb_1331_11eb
    return number ^ number >> 31
  }
}

/// Two nodes on a link that loses, delays, doubles and reorders; whatever was ever sent may be played
/// back at any time, and either node may restart.
private struct Correspondence {
  struct Letter {
    let stamp: PeerStamp
    let path: UInt8
    let to: Int
    let sent: Instant
    /// Which run of the sender wrote it.
    let run: Int
  }

  var numbers: SeededNumbers
  var now = Instant(sinceBoot: .zero)
  var nodes: [PeerSession]
  var runs = [0, 0]
  /// Letters that each node believed in its present and earlier runs, by session and counter.
  var believed: [Set<[UInt64]>] = [[], []]
  var sent: [Letter] = []
  var underway: [(due: Instant, letter: Letter)] = []
  var opened = 0

  init(seed: UInt64) {
    numbers = SeededNumbers(seed)
    nodes = []
    for _ in 0..<2 { nodes.append(PeerSession(session: numbers.next())) }
  }

  mutating func restart(_ node: Int) {
    nodes[node] = PeerSession(session: numbers.next())
    runs[node] += 1
  }

  mutating func post(_ stamp: PeerStamp, from node: Int, lossy: Bool) {
    for path: UInt8 in 0..<2 {
      // The session gives each datagram its own counter; the second path gets the next one.
      let stamp = path == 0 ? stamp : nodes[node].next(at: now)
      let letter = Letter(stamp: stamp, path: path, to: 1 - node, sent: now, run: runs[node])
      sent.append(letter)
      let copies = lossy ? [0, 0, 1, 1, 1, 2].randomElement(using: &numbers) ?? 1 : 1
      for _ in 0..<copies {
        let delay = Int.random(in: lossy ? 0...1500 : 0...2, using: &numbers)
        underway.append((now + .milliseconds(delay), letter))
      }
    }
  }

  mutating func deliver(_ letter: Letter) {
    let fresh = { [next = numbers.next()] in next }
    do throws(PeerDiscardReason) {
      let proof = try nodes[letter.to].receive(
        letter.stamp, path: letter.path, at: now, fresh: fresh)
      if proof.opensConnection { opened += 1 }
      let isFirst = believed[letter.to].insert(
        [letter.stamp.session, letter.stamp.counter, UInt64(letter.path)]
      ).inserted
      #expect(isFirst, "a message was believed twice")
      if let notBefore = proof.notBefore {
        #expect(notBefore <= letter.sent, "a message was written before its echo was sent")
      }
    } catch {
      #expect(error == .replayed || error == .staleSession)
    }
  }

  mutating func step(lossy: Bool, second: Int) {
    now += .milliseconds(1)
    let due = underway.filter { $0.due <= now }
    underway.removeAll { $0.due <= now }
    for (_, letter) in due { deliver(letter) }
    if lossy, !sent.isEmpty, Int.random(in: 0..<4, using: &numbers) == 0,
      let recorded = sent.randomElement(using: &numbers)
    {
      deliver(recorded)
    }
    for node in 0..<2 {
      if let stamp = nodes[node].takeAnswer(at: now) { post(stamp, from: node, lossy: lossy) }
      if second == node * 300 { post(nodes[node].next(at: now), from: node, lossy: lossy) }
    }
  }
}

@Suite struct PeerSessionChanceTests {
  /// Whatever is lost, doubled, reordered, played back or restarted.
  @Test("Nothing counts twice, and the nodes find each other soon", arguments: 0..<100)
  func converges(seed: Int) {
    var story = Correspondence(seed: UInt64(seed))
    for millisecond in 0..<6000 {
      story.step(lossy: true, second: millisecond % 1000)
      if Int.random(in: 0..<1500, using: &story.numbers) == 0 {
        story.restart(Int.random(in: 0..<2, using: &story.numbers))
      }
      if Int.random(in: 0..<4000, using: &story.numbers) == 0 {
        story.restart(0)
        story.restart(1)
      }
    }
    story.underway = []
    for millisecond in 0..<1500 { story.step(lossy: false, second: millisecond % 1000) }
    // From here on each hears the other without a break.
    let opened = story.opened
    let begin = story.now
    for millisecond in 500..<1600 { story.step(lossy: false, second: millisecond % 1000) }
    #expect(story.opened == opened, "seed \(seed): connections open again and again")
    for node in story.nodes {
      #expect((node.lastProved ?? Instant(sinceBoot: .zero)) > begin, "seed \(seed)")
    }
    #expect(story.nodes.allSatisfy { $0.nextDeadline == nil }, "seed \(seed): it never gets quiet")
    for letter in story.sent { story.deliver(letter) }
  }

  @Test("Played back for ever, old messages keep no restarted node out", arguments: 0..<20)
  func playedBack(seed: Int) {
    var story = Correspondence(seed: UInt64(seed))
    for millisecond in 0..<2500 { story.step(lossy: false, second: millisecond % 1000) }
    story.restart(1)
    for millisecond in 0..<1500 {
      story.step(lossy: false, second: millisecond % 1000)
      for _ in 0..<5 {
        if let recorded = story.sent.randomElement(using: &story.numbers) {
          story.deliver(recorded)
        }
      }
    }
    let begin = story.now
    for millisecond in 500..<1600 { story.step(lossy: false, second: millisecond % 1000) }
    for node in story.nodes {
      #expect((node.lastProved ?? Instant(sinceBoot: .zero)) > begin, "seed \(seed)")
    }
  }
}
