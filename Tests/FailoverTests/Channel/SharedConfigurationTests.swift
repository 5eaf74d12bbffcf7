import Testing
import VRRP

@testable import Failover

private func settings(_ change: (inout ParticipantSettings) -> Void = { _ in }) throws
  -> SharedConfiguration
{
  let identifier = try #require(VirtualRouterIdentifier(51))
  var settings = ParticipantSettings(
    router: VirtualRouterSettings(
      identifier: identifier,
      addresses: [.v4(IPv4Address(192, 0, 2, 100)), .v4(IPv4Address(192, 0, 2, 101))]))
  change(&settings)
  return SharedConfiguration(settings, others: [.acceptMode: "true"])
}

@Suite struct SharedConfigurationTests {
  @Test("A digest is FNV-1a of 32 bits")
  func digest() {
    #expect(SharedConfiguration.digest("") == 0x811c_9dc5)
    #expect(SharedConfiguration.digest("a") == 0xe40c_292c)
    #expect(SharedConfiguration.digest("foobar") == 0xbf9c_f968)
  }

  @Test("What each node sets for itself is no disagreement")
  func own() throws {
    let other = try settings {
      $0.router.priority = Priority(200)
      $0.router.preemption = .always
      $0.router.addresses.reverse()
      $0.isPair = true
      $0.announcementRefresh = .seconds(5)
    }
    #expect(try settings().disagreements(with: other).isEmpty)
  }

  @Test("A key that differs is named")
  func named() throws {
    let identifier = try #require(VirtualRouterIdentifier(52))
    let interval = try #require(AdvertisementInterval(centiseconds: 50))
    let changes: [(String, (inout ParticipantSettings) -> Void)] = [
      ("vrid", { $0.router.identifier = identifier }),
      ("addresses", { $0.router.addresses.removeLast() }),
      ("advertisement_interval", { $0.router.advertisementInterval = interval }),
      ("lease", { $0.lease = LeaseSettings(duration: .seconds(2)) }),
      ("checksum", { $0.router.checksumForm = .pseudoHeader }),
      ("conflict_detection", { $0.detectsConflicts = true }),
    ]
    for (name, change) in changes {
      #expect(try settings().disagreements(with: try settings(change)).map(\.name) == [name])
    }
    let version2 = try settings { $0.router.version = .version2 }
    #expect(try settings().disagreements(with: version2).map(\.name) == ["version"])
    let other = SharedConfiguration([.acceptMode: "false"])
    #expect(try settings().disagreements(with: other).map(\.name) == ["accept_mode"])
  }
}

@Suite struct ClockOffsetTests {
  private func time(_ milliseconds: Int64) -> PeerTime {
    PeerTime(
      seconds: milliseconds / 1000, nanoseconds: Int32(milliseconds % 1000) * 1_000_000)
  }

  private func at(_ milliseconds: Int) -> Instant {
    Instant(sinceBoot: .milliseconds(milliseconds))
  }

  @Test("A time is seconds and a binary fraction, and differences carry both")
  func fraction() {
    #expect(PeerTime(seconds: 1, nanoseconds: 500_000_000).number == 0x0000_0001_8000_0000)
    #expect(time(2250) - time(1000) == .milliseconds(1250))
    #expect(time(1000) - time(2250) == .milliseconds(-1250))
    // 2106, when the seconds begin at 0 again.
    #expect(time(4_294_967_297_000) - time(4_294_967_295_000) == .seconds(2))
  }

  @Test("The offset is known within half of what passed since we sent what is answered")
  func estimate() throws {
    var offset = ClockOffset()
    #expect(offset.estimate == nil)
    // Written between 1000 and 1010 of our clock, when theirs read 3000.
    offset.take(time(3000), ours: time(1010), notBefore: at(0), at: at(10))
    let estimate = try #require(offset.estimate)
    #expect(estimate.offset == .milliseconds(1995))
    #expect(estimate.uncertainty == .milliseconds(5))
  }

  @Test("A worse estimate does not replace a better one, unless a clock was set or time has passed")
  func better() throws {
    var offset = ClockOffset()
    offset.take(time(1000), ours: time(1000), notBefore: at(0), at: at(2))
    offset.take(time(1500), ours: time(2000), notBefore: at(0), at: at(1000))
    #expect(offset.estimate?.uncertainty == .milliseconds(1))
    offset.take(time(9000), ours: time(2000), notBefore: at(1000), at: at(2000))
    #expect(offset.estimate?.offset == .milliseconds(7500))
    offset.take(time(40_000), ours: time(33_000), notBefore: at(32_000), at: at(34_000))
    #expect(offset.estimate?.uncertainty == .milliseconds(1000))
  }
}
