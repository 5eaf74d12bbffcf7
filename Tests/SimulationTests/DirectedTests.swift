import Testing
import VRRP

@testable import Simulation

/// Histories that once broke a promise, as small as they get.
@Suite struct DirectedTests {
  /// Runs the scenario and records what it broke.
  @discardableResult func run(_ scenario: Scenario) -> World.Statistics {
    let world = Hunt.run(scenario)
    if let violation = world.violation {
      Issue.record("\(violation.text)\n\(Hunt.history(of: scenario, last: 60))")
    }
    return world.statistics
  }

  @Test("two nodes that start together: one of them answers within 10 s")
  func calm() {
    let statistics = run(.directed(length: 10 * .second))
    #expect(statistics.claims == 1)
    #expect(statistics.racedOverlaps == 0 && statistics.dividedOverlaps == 0)
  }

  @Test("a Backup that slept through the advertisements of the Active Router does not claim")
  func sleepingBackup() {
    for nodes in [2, 3] {
      let statistics = run(
        .directed(
          nodes: nodes,
          [Injection(time: 20 * .second, node: 1, mishap: .sleep(10 * .second))]))
      #expect(statistics.claims == 1)
    }
  }

  @Test("a term that a crash cut short does not come back")
  func crashAfterClaim() {
    for effects in 1...12 {
      run(
        .directed([
          Injection(
            time: 1, node: 0, mishap: .crash(afterEffects: effects, downFor: 100 * .millisecond))
        ]))
    }
  }

  @Test("a router that pushes a crashed one aside and leaves again does not hurry the third")
  func hurriedThird() {
    let crash = Injection(
      time: 20 * .second, node: 2, mishap: .crash(afterEffects: 0, downFor: 30 * .second))
    for milliseconds in stride(from: Nanoseconds(0), to: 4000, by: 50) {
      var scenario = Scenario.directed(nodes: 3, preemption: .after(.seconds(15)), [crash])
      // The worst of the three was alone at first, and the best preempts it about now.
      scenario.injections += [
        Injection(time: 1, node: 0, mishap: .carrierLost(lasting: 4 * .second, noticedAfter: 1)),
        Injection(time: 1, node: 1, mishap: .carrierLost(lasting: 4 * .second, noticedAfter: 1)),
        Injection(
          time: 20 * .second + milliseconds * .millisecond, node: 0,
          mishap: .shutdown(downFor: 10 * .second)),
      ]
      scenario.injections.sort { $0.time < $1.time }
      run(scenario)
    }
  }

  @Test("the addresses of a router that is pushed aside and stands still have ended in time")
  func pushedAside() {
    for tenths in [14, 25, 29] {
      for milliseconds in stride(from: Nanoseconds(0), to: 8000, by: 100) {
        run(
          .directed(
            leaseTenths: tenths, preemption: .always,
            [
              Injection(
                time: 1, node: 0, mishap: .carrierLost(lasting: 9 * .second, noticedAfter: 1)),
              Injection(
                time: 9 * .second + milliseconds * .millisecond, node: 1,
                mishap: .stall(afterEffects: 0, lasting: 20 * .second)),
            ]))
      }
    }
  }

  /// The holder's next advertisements are lost, and right after the last of them it crashes.
  private func losesAndCrashes(_ count: Int, leaseTenths: Int) -> Bool {
    let scenario = Scenario.directed(
      leaseTenths: leaseTenths,
      [
        Injection(time: 20 * .second, node: 0, mishap: .advertisementsLost(count)),
        // Each advertisement is followed by a renewal.
        Injection(
          time: 20 * .second, node: 0,
          mishap: .crash(afterEffects: 2 * count, downFor: 20 * .second)),
      ])
    return Hunt.run(scenario).violation == nil
  }

  @Test("what a loss right before a crash may cost: lease and lost intervals stay below three")
  func lossBeforeCrash() {
    for tenths in [14, 19, 25, 29] { #expect(losesAndCrashes(0, leaseTenths: tenths)) }
    // 1 + 1.9 < 3, and the skew of the Backup is 0.34 intervals.
    for tenths in [14, 19] { #expect(losesAndCrashes(1, leaseTenths: tenths)) }
    for tenths in [25, 29] { #expect(!losesAndCrashes(1, leaseTenths: tenths)) }
    #expect(!losesAndCrashes(2, leaseTenths: 14))
  }

  @Test("two lost advertisements in a row are nothing as long as the holder lives")
  func losses() {
    let statistics = run(
      .directed([Injection(time: 20 * .second, node: 0, mishap: .advertisementsLost(2))]))
    #expect(statistics.claims == 1)
  }

  @Test(
    "where only advertisements are filtered, two that answer see each other's ARP and end as one")
  func filteredAdvertisements() {
    var overlaps: [Int] = []
    for detects in [true, false] {
      var scenario = Scenario.directed(
        length: 100 * .second,
        [
          Injection(
            time: 20 * .second, node: 0,
            mishap: .partition(side: 1, .advertisements, lasting: 60 * .second))
        ])
      scenario.detectsConflicts = detects
      overlaps.append(run(scenario).dividedOverlaps)
    }
    // Looked at with every renewal of either: about twice a second.
    #expect(overlaps[0] < 10)
    #expect(overlaps[1] > 100)
  }
}
