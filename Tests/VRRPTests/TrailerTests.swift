import Testing

@testable import VRRP

/// A receiver or sender of the vectors.
private final class Router {
  var authenticator: AdvertisementAuthenticator
  let keys: TestKeys
  let source: IPAddress

  init(_ vector: TrailerVector, _ policy: AuthenticationPolicy?) throws {
    authenticator = AdvertisementAuthenticator(try vector.settings(), policy)
    keys = TestKeys([vector.keyId: try vector.keyBytes()])
    source = try address(vector.source)
  }

  /// What the trailer alone says about an image.
  func outcome(
    _ image: [UInt8], from sender: IPAddress? = nil, at seconds: Int64 = 0x6800_0000
  ) -> String {
    let advertisement = Advertisement(
      version: .version3, identifier: VirtualRouterIdentifier(51)!, priority: Priority(200),
      interval: .standard, checksumForm: .message, addressCount: 1, hasTrailer: true)
    do throws(DiscardReason) {
      let proof = try authenticator.check(
        advertisement, image.span, from: sender ?? source, at: SigningTime(seconds: seconds),
        keys.code)
      if let proof { authenticator.accept(proof, from: sender ?? source) }
      return "ok"
    } catch {
      return TrailerTests.word(error)
    }
  }
}

private let monotonic = AuthenticationPolicy(replayProtection: .monotonic, window: 5)

@Suite("The trailer of authenticated advertisements")
struct TrailerTests {
  /// The words of hmac.json.
  static func word(_ reason: DiscardReason) -> String {
    switch reason {
    case .malformedTrailer: "malformed"
    case .unknownKey: "unknown-key"
    case .invalidCode: "bad-hmac"
    case .stale: "stale"
    case .replayed: "replay"
    case .missingTrailer, .hopLimit, .version, .type, .length, .checksum, .unknownVirtualRouter,
      .noAddresses, .zeroInterval, .intervalMismatch, .firstAddress, .authenticationType,
      .addressList, .destination, .ownSource, .source:
      reason.rawValue
    }
  }

  private static func vector(_ id: String) throws -> TrailerVector {
    let found = try TrailerFile.read().vectors.first { $0.id == id }
    guard let found else { throw BadTestData(text: id) }
    return found
  }

  @Test("Each image is sent byte by byte", arguments: try TrailerFile.read().vectors)
  func signing(vector: TrailerVector) throws {
    let router = try Router(vector, monotonic)
    let envelope = try vector.envelope()
    let settings = try vector.settings()
    let message = AdvertisementTemplate(
      identifier: settings.identifier, version: settings.version, priority: settings.priority,
      interval: settings.advertisementInterval, addresses: settings.addresses,
      checksumForm: settings.checksumForm, source: envelope.source,
      destination: envelope.destination
    ).message
    let time = SigningTime(seconds: 0x6800_0000, nanoseconds: 500_000_000)
    // H06 is the second one at its time.
    if vector.id == "H06" {
      _ = router.authenticator.sign(
        message, from: envelope.source, key: vector.keyId, at: time, router.keys.code)
    }
    let signed = router.authenticator.sign(
      message, from: envelope.source, key: vector.keyId, at: time, router.keys.code)
    #expect(try signed == octets(vector.image))
    #expect(try router.keys.covered == octets(vector.hmacInput))
  }

  @Test("Each image is received with its trailer", arguments: try TrailerFile.read().vectors)
  func receiving(vector: TrailerVector) throws {
    let router = try Router(vector, monotonic)
    let image = try octets(vector.image)
    let envelope = try vector.envelope()
    // The group is all that Godwit hears; a unicast destination is in the checksum of H02 and H03.
    if vector.destination == nil || envelope.destination.isMulticast {
      let advertisement = try Advertisement(decoding: image.span, in: envelope)
      #expect(advertisement.hasTrailer)
      #expect(advertisement.priority == Priority(vector.priority))
      #expect(advertisement.lists(try vector.addresses.map(address), image))
      #expect(
        try Advertisement.addresses(image, envelope.source.family) == vector.settings().addresses)
    }
    let trailer = try AuthenticationTrailer(decoding: image.span)
    #expect(trailer.key == vector.keyId)
    #expect(trailer.sequence == (try sequence(vector.sequence.value)))
    #expect(router.outcome(image) == "ok")
    #expect(try router.keys.covered == octets(vector.hmacInput))
  }

  @Test("No byte but the checksum can change", arguments: try TrailerFile.read().mutations.cases)
  func mutation(_ mutation: TrailerFile.Mutation) throws {
    let vector = try Self.vector(mutation.vector)
    let router = try Router(vector, monotonic)
    var image = try octets(vector.image)
    image[mutation.offset] ^= UInt8(mutation.xor.dropFirst(2), radix: 16) ?? 0
    #expect(router.outcome(image) == mutation.expect)
  }

  @Test("Every bit of every image but those of the checksum counts")
  func everyBit() throws {
    for vector in try TrailerFile.read().vectors {
      let router = try Router(vector, monotonic)
      let image = try octets(vector.image)
      for offset in image.indices where offset != 6 && offset != 7 {
        for bit in 0..<8 {
          var changed = image
          changed[offset] ^= 1 << UInt8(bit)
          #expect(router.outcome(changed) != "ok", "\(vector) \(offset) \(bit)")
        }
      }
    }
  }

  @Test("The same image elsewhere", arguments: try TrailerFile.read().contextChanges)
  func context(_ change: TrailerFile.ContextChange) throws {
    let vector = try Self.vector(change.vector)
    let router = try Router(vector, monotonic)
    var settings = try vector.settings()
    var sender: IPAddress?
    let key = try vector.keyBytes()
    switch change.change {
    case "IP source fe80::20 instead of fe80::10": sender = try address("fe80::20")
    case "IP source 198.51.100.11 instead of 198.51.100.10": sender = try address("198.51.100.11")
    case "receiver verifies for VRID 52": settings.identifier = try identifier(52)
    case "receiver verifies for version 2": settings.version = .version2
    case "receiver holds other key bytes under key id 1":
      router.keys.keys = [1: [UInt8](repeating: 0x5a, count: 32)]
    case "receiver holds the key under key id 2 only": router.keys.keys = [2: key]
    case "receiver holds keys 1 and 2, packet names key 1":
      router.keys.keys = [1: key, 2: [UInt8](repeating: 0x5a, count: 32)]
    case "key entered without the hex: prefix, so taken as 64 ASCII bytes":
      router.keys.keys = [1: Array(vector.key.dropFirst(4).utf8)]
    default: throw BadTestData(text: change.change)
    }
    router.authenticator = AdvertisementAuthenticator(settings, monotonic)
    #expect(try router.outcome(octets(vector.image), from: sender) == change.expect)
  }

  @Test("Each mode sends and receives what it should", arguments: try TrailerFile.read().modes)
  func mode(_ mode: TrailerFile.Mode) throws {
    let vector = try Self.vector("H01")
    let policy = AuthenticationMode(rawValue: mode.mode).map {
      AuthenticationPolicy(mode: $0, replayProtection: .monotonic, window: 5)
    }
    #expect((policy == nil) == (mode.mode == "extension not configured"))
    let router = try Router(vector, policy)
    let message = try octets(vector.message)
    let signed = router.authenticator.sign(
      message, from: router.source, key: 1, at: SigningTime(seconds: 1), router.keys.code)
    #expect(signed?.count == message.count + (mode.sendsTrailer ? 28 : 0))
    #expect(mode.sendsTrailer || signed == message)

    let envelope = try vector.envelope()
    func outcome(_ image: [UInt8]) throws -> DiscardReason? {
      let receiver = try Router(vector, policy)
      do throws(DiscardReason) {
        _ = try receiver.authenticator.check(
          Advertisement(decoding: image.span, in: envelope), image.span, from: envelope.source,
          at: SigningTime(seconds: 1), receiver.keys.code)
        return nil
      } catch {
        return error
      }
    }
    let image = try octets(vector.image)
    var bad = image
    bad[39] ^= 1
    let isConfigured = policy != nil
    #expect(
      try outcome(message) == (mode.noTrailer == "accept" ? nil : .missingTrailer))
    #expect(try outcome(image) == (mode.validTrailer == "accept" ? nil : .length))
    #expect(mode.badTrailer == "reject")
    #expect(try outcome(bad) == (isConfigured ? .invalidCode : .length))
  }

  @Test("A trailer has exactly 28 bytes", arguments: [-1, 1, 26 - 28, 28])
  func length(more: Int) throws {
    let vector = try Self.vector("H01")
    let image = try octets(vector.image)
    let trailer = Array(image.suffix(28))
    let changed = more > 0 ? image + trailer.prefix(more) : Array(image.dropLast(-more))
    #expect(discardReason(changed, try vector.envelope()) == .length)
    #expect(discardReason(image, try vector.envelope()) == nil)
  }

  @Test("A code of zeros is no code")
  func zeros() throws {
    let vector = try Self.vector("H01")
    let router = try Router(vector, monotonic)
    let image = try octets(vector.image)
    #expect(router.outcome(image.dropLast(16) + [UInt8](repeating: 0, count: 16)) == "bad-hmac")
  }

  @Test("Without a key nothing is sent")
  func noKey() throws {
    let vector = try Self.vector("H01")
    let router = try Router(vector, monotonic)
    #expect(
      router.authenticator.sign(
        try octets(vector.message), from: router.source, key: 9, at: SigningTime(seconds: 1),
        router.keys.code) == nil)
  }

  @Test("The checksum over IPv6 covers the trailer")
  func checksum() throws {
    let vector = try Self.vector("H04")
    var image = try octets(vector.image)
    image[51] ^= 1
    #expect(discardReason(image, try vector.envelope()) == .checksum)
    // A message of the right sum without its trailer has the wrong one with it.
    let message = try octets(vector.message)
    let trailer = try octets(vector.image).suffix(28)
    image = message + trailer
    image.replaceWord(at: 6, with: 0)
    #expect(discardReason(image, try vector.envelope()) == .checksum)
  }

  @Test("A message of any priority is signed as if it had been made so, over IPv6 too")
  func everyPriority() throws {
    let vector = try Self.vector("H04")
    var template = AdvertisementTemplate(try vector.settings(), source: try address(vector.source))
    let router = try Router(vector, monotonic)
    for number in UInt8.min...UInt8.max {
      template.priority = Priority(number)
      let signed = router.authenticator.sign(
        template.message, from: router.source, key: 1, at: SigningTime(seconds: 1),
        router.keys.code)
      #expect(discardReason(signed ?? [], try vector.envelope()) == nil)
    }
  }
}
