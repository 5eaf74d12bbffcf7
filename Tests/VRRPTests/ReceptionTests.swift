import Testing

@testable import VRRP

/// The packet files against a whole virtual router: decoded, admitted, acted on.
@Suite("Reception")
struct ReceptionTests {
  /// What is wrong with a well-formed frame for the virtual router that it meets.
  static let refusedByReceiver: [String: DiscardReason] = [
    "M03": .version, "M11": .unknownVirtualRouter, "M20": .ownSource, "M82": .version,
    "M85": .intervalMismatch, "M87": .addressList,
  ]
  /// A fragment, which the kernel never hands over.
  static let neverDelivered: Set<String> = ["M18"]

  @Test("The file has 24 frames that depose, 2 that are answered and 54 that change nothing")
  func census() throws {
    let packets = try MalformedPacket.all()
    #expect(packets.count { $0.effect == "step-down" } == 24)
    #expect(packets.count { $0.effect == "answer-at-once" } == 2)
    #expect(packets.count { $0.effect == nil && !Self.neverDelivered.contains($0.id) } == 54)
  }

  @Test(
    "An Active Router steps down, answers or stays as it was, as the frame demands",
    arguments: try MalformedPacket.all().filter { !neverDelivered.contains($0.id) })
  func outcome(_ packet: MalformedPacket) throws {
    let frame = try CapturedFrame(hex: packet.hex)
    var router = try Self.activeRouter(packet.receiver)
    let before = router
    do {
      let advertisement = try Self.receive(frame, router)
      let now = Instant(sinceBoot: .milliseconds(4000))
      let actions = router.handle(
        .advertisement(advertisement, from: frame.envelope.source), at: now)
      switch packet.effect {
      case "step-down":
        #expect(actions == [.deposed(by: frame.envelope.source, Priority(frame.message[2]))])
      case "answer-at-once": #expect(actions == [.send(Priority(100))])
      default: Issue.record("accepted")
      }
    } catch let reason as DiscardReason {
      #expect(packet.expect != "accept")
      let expected = MalformedPacketTests.discarded[packet.id] ?? Self.refusedByReceiver[packet.id]
      #expect(reason == expected)
      #expect(router == before)
    }
  }

  @Test("Two owners settle it by their addresses (erratum 8298)")
  func twoOwners() throws {
    var router = VirtualRouter(try Self.settings("v3", priority: .owner))
    let ours = try address("192.0.2.1")
    _ = router.handle(.startup(source: ours), at: Instant(sinceBoot: .zero))
    let other = Advertisement.encode(
      identifier: try identifier(51), version: .version3, priority: .owner, interval: .standard,
      addresses: [try address("192.0.2.254")], checksumForm: .message, source: ours)
    for (source, deposes) in [("192.0.2.0", false), ("192.0.2.2", true)] {
      let source = try address(source)
      let envelope = Envelope(
        source: source, destination: try address("224.0.0.18"), hopLimit: 255)
      let advertisement = try Advertisement(other, envelope)
      try router.admit(advertisement, from: source, listsOurAddresses: true)
      let actions = router.handle(
        .advertisement(advertisement, from: source), at: Instant(sinceBoot: .milliseconds(500)))
      #expect(actions == (deposes ? [.deposed(by: source, .owner)] : [.send(.owner)]))
    }
  }

  /// The road of one datagram, up to the state machine.
  private static func receive(
    _ frame: CapturedFrame, _ router: VirtualRouter
  ) throws -> Advertisement {
    let advertisement = try Advertisement(frame.message, frame.envelope)
    guard advertisement.identifier == router.settings.identifier else {
      throw DiscardReason.unknownVirtualRouter
    }
    try router.admit(
      advertisement, from: frame.envelope.source,
      listsOurAddresses: advertisement.lists(router.settings.addresses, frame.message))
    return advertisement
  }

  /// The receivers of malformed.json.
  private static func settings(
    _ receiver: String, priority: Priority = .standard
  ) throws -> VirtualRouterSettings {
    let isIPv6 = receiver == "v6"
    return VirtualRouterSettings(
      identifier: try identifier(isIPv6 ? 61 : 51),
      version: receiver == "v2" ? .version2 : .version3,
      addresses: try (isIPv6 ? ["fe80::61", "2001:db8::61"] : ["192.0.2.254"]).map(address),
      priority: priority)
  }

  /// Active since 3.609375 s, next advertisement at 4.609375 s.
  private static func activeRouter(_ receiver: String) throws -> VirtualRouter {
    var router = VirtualRouter(try settings(receiver))
    let source = try address(receiver == "v6" ? "fe80::a" : "192.0.2.1")
    _ = router.handle(.startup(source: source), at: Instant(sinceBoot: .zero))
    let actions = router.handle(
      .timer, at: Instant(sinceBoot: .microseconds(3_609_375)))
    #expect(actions == [.send(Priority(100)), .elected(.silence)])
    return router
  }
}
