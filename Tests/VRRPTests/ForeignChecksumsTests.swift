import Testing

@testable import VRRP

/// Other forms of the checksum than this router sends.
struct ForeignChecksumsTests {
  private func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }

  private func settings(
    _ form: ChecksumForm, version: ProtocolVersion = .version3, address: String = "192.0.2.9"
  ) throws -> VirtualRouterSettings {
    VirtualRouterSettings(
      identifier: try #require(VirtualRouterIdentifier(51)), version: version,
      addresses: [try #require(IPAddress(address))], checksumForm: form)
  }

  @Test("The other form is news once for each router, and again after a change")
  func news() throws {
    var foreign = ForeignChecksums()
    let ours = try settings(.message)
    let one = try address("192.0.2.2")
    let other = try address("192.0.2.3")
    #expect(foreign.note(.message, from: one, ours) == false)
    #expect(foreign.note(.pseudoHeader, from: one, ours) == true)
    #expect(foreign.note(.pseudoHeader, from: one, ours) == false)
    #expect(foreign.note(.pseudoHeader, from: other, ours) == true)
    #expect(foreign.sources == [one, other])
    #expect(foreign.note(.message, from: one, ours) == false)
    #expect(foreign.sources == [other])
    #expect(foreign.note(.pseudoHeader, from: one, ours) == true)
  }

  @Test("The older form here and the RFC's there are a difference too")
  func theirs() throws {
    var foreign = ForeignChecksums()
    #expect(try foreign.note(.message, from: address("192.0.2.2"), settings(.pseudoHeader)) == true)
  }

  @Test("Version 2 and IPv6 have one form, which is no difference")
  func oneForm() throws {
    var foreign = ForeignChecksums()
    let two = try settings(.pseudoHeader, version: .version2)
    #expect(try foreign.note(.message, from: address("192.0.2.2"), two) == false)
    let six = try settings(.message, address: "fe80::9")
    #expect(try foreign.note(.pseudoHeader, from: address("fe80::2"), six) == false)
    #expect(foreign.sources.isEmpty)
  }

  @Test("Four routers are remembered, whoever else sends")
  func bound() throws {
    var foreign = ForeignChecksums()
    let ours = try settings(.message)
    for number in 1...4 {
      #expect(try foreign.note(.pseudoHeader, from: address("192.0.2.\(number)"), ours) == true)
    }
    #expect(try foreign.note(.pseudoHeader, from: address("192.0.2.5"), ours) == false)
    #expect(foreign.sources.count == 4)
  }
}
