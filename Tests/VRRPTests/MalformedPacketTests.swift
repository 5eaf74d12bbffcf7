import Testing

@testable import VRRP

@Suite("Malformed and control packets")
struct MalformedPacketTests {
  /// What the codec alone says of every frame that a router must not act on.
  static let discarded: [String: DiscardReason] = [
    "M01": .hopLimit, "M02": .version, "M04": .type, "M05": .type, "M06": .length,
    "M07": .length, "M08": .length, "M09": .checksum, "M10": .checksum,
    "M12": .unknownVirtualRouter, "M13": .noAddresses, "M14": .zeroInterval, "M15": .length,
    "M16": .length, "M17": .length, "M19": .destination, "M61": .hopLimit, "M62": .checksum,
    "M63": .firstAddress, "M64": .noAddresses, "M65": .length, "M66": .version, "M67": .source,
    "M68": .zeroInterval, "M69": .type, "M81": .hopLimit, "M83": .authenticationType,
    "M84": .authenticationType, "M86": .length, "M89": .noAddresses, "M90": .checksum,
    "M91": .type,
  ]

  /// Well formed, and discarded for what the receiver knows besides the message.
  static let dependsOnReceiver: [String: String] = [
    "M03": "version 2 at a virtual router of version 3",
    "M11": "VRID that is not configured",
    "M18": "fragment: the kernel never hands it over",
    "M20": "source is an address of the receiver",
    "M82": "version 3 at a virtual router of version 2",
    "M85": "version 2: interval differs from the configured one",
    "M87": "version 2: list differs from the configured one, not from the owner",
  ]

  @Test("The file holds 82 frames: 26 to accept, 54 to reject, 2 that the RFC leaves open")
  func census() throws {
    let packets = try MalformedPacket.all()
    #expect(packets.count == 82)
    #expect(packets.count { $0.expect == "accept" } == 26)
    #expect(packets.count { $0.expect == "reject" } == 54)
    #expect(packets.filter { $0.expect == "either" }.map(\.id) == ["M16", "M16"])
    #expect(packets.count { Self.discarded[$0.id] != nil } == 46)
    #expect(packets.count { Self.dependsOnReceiver[$0.id] != nil } == 10)
  }

  @Test("Each frame is accepted, or discarded for its reason", arguments: try MalformedPacket.all())
  func outcome(_ packet: MalformedPacket) throws {
    let reason = try discardReason(packet.hex)
    if packet.expect == "accept" || Self.dependsOnReceiver[packet.id] != nil {
      #expect(reason == nil)
    } else {
      #expect(reason == Self.discarded[packet.id])
      #expect(reason != nil)
    }
  }

  @Test("Either checksum form is accepted, and told apart (C10)")
  func bothForms() throws {
    let forms = try MalformedPacket.all().filter { $0.id == "C10" }.map { packet in
      let frame = try CapturedFrame(hex: packet.hex)
      return try Advertisement(decoding: frame.message.span, in: frame.envelope).checksumForm
    }
    // Each frame carries the form that its receiver does not send.
    #expect(forms == [.pseudoHeader, .message])
  }
}
