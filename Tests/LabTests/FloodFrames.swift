import Lab

/// Frames that must change nothing, made of genuine ones: what a host that can send whatever it likes
/// may try against a node.
struct FloodFrames {
  /// Hardware address of who sends them; a switch must not believe that a node has moved.
  let sender: [UInt8]

  // MARK: - Advertisements

  /// Of a captured advertisement over either family: forged, truncated and oversized, and its replay
  /// by another host. Addresses and VRID are those of the original; the faulty ones over IPv4 come
  /// from `source` too, since a kernel takes nothing from an address of its own.
  func advertisements(_ frame: Frame, source: [UInt8]) -> [[UInt8]] {
    let original = own(frame.bytes)
    var frames = forged(original) + truncated(original) + oversized(original)
    if !isIPv6(original) {
      var other = changed(original, at: 26, to: Array(source[..<2]), sum: 24)
      other = changed(other, at: 28, to: Array(source[2...]), sum: 24)
      frames += forged(other) + truncated(other) + oversized(other)
    }
    return frames + [original]
  }

  /// One thing wrong, and everything else right: the hop limit, the checksum, the VRID, the version,
  /// the type, the address count, the interval.
  private func forged(_ original: [UInt8]) -> [[UInt8]] {
    let start = payload(original)
    let sum = start + 6
    var frames = [hops(original, 254), hops(original, 0)]
    // Each with the checksum that belongs to it.
    for (offset, bytes) in [
      (1, [52, original[start + 2]]), (1, [0, original[start + 2]]),
      (0, [0x21, original[start + 1]]), (0, [0x41, original[start + 1]]),
      (0, [0x32, original[start + 1]]), (0, [0xf1, original[start + 1]]),
      (2, [200, 0]), (2, [200, 255]), (4, [0, 0]),
    ] as [(Int, [UInt8])] {
      frames.append(changed(original, at: start + offset, to: bytes, sum: sum))
    }
    for bits in 1...15 {
      var frame = original
      frame[sum] ^= UInt8(bits)
      frames.append(frame)
    }
    // A better priority, and a goodbye, without the checksum for it.
    for priority in [0, 255] as [UInt8] {
      var frame = original
      frame[start + 2] = priority
      frames.append(frame)
    }
    return frames
  }

  private func truncated(_ original: [UInt8]) -> [[UInt8]] {
    let start = payload(original)
    return (0..<original.count - start).map { resized(original, to: $0) }
      + (14..<start).map { Array(original[..<$0]) }
  }

  private func oversized(_ original: [UInt8]) -> [[UInt8]] {
    let length = original.count - payload(original)
    return [1, 3, 4, 27, 28, 29, 500, 1400 - length].map { resized(original, to: length + $0) }
  }

  /// Of a captured advertisement with a trailer: what somebody without a key can make of it, with the
  /// checksum that belongs to each.
  func signed(_ frame: Frame, source: [UInt8]) -> [[UInt8]] {
    let original = own(frame.bytes)
    let start = payload(original)
    let trailer = original.count - 28
    var frames: [[UInt8]] = []
    func add(_ place: Int, _ bytes: [UInt8]) {
      var frame = original
      frame.replaceSubrange(place..<place + bytes.count, with: bytes)
      frames.append(summed(frame, trailer: 28))
    }
    // A better priority, a goodbye, another interval, another address, under the code of the original.
    add(start + 2, [255])
    add(start + 2, [0])
    add(start + 5, [1])
    add(trailer - 1, [original[trailer - 1] ^ 3])
    // Another scheme, key, reserved byte, second, fraction and counter.
    add(trailer, [2])
    add(trailer + 1, [9])
    add(trailer + 3, [1])
    for offset in [7, 9, 11] { add(trailer + offset, [original[trailer + offset] ^ 1]) }
    // A thousand seconds on, which no window reaches.
    add(trailer + 6, [original[trailer + 6] &+ 4])
    for offset in 12..<28 { add(trailer + offset, [original[trailer + offset] ^ 0x10]) }
    add(trailer + 12, [UInt8](repeating: 0, count: 16))
    // Without the trailer, with half of it, with two, and from another address.
    let length = original.count - start
    frames.append(summed(resized(original, to: length - 28)))
    frames += [resized(original, to: length - 14), resized(original, to: length - 1)]
    frames.append(
      summed(resized(original, to: length, and: Array(original[trailer...])), trailer: 56))
    if !isIPv6(original) {
      var other = changed(original, at: 26, to: Array(source[..<2]), sum: 24)
      other = changed(other, at: 28, to: Array(source[2...]), sum: 24)
      frames += [other, summed(resized(other, to: length - 28))]
    }
    return frames + [original]
  }

  // MARK: - ARP and neighbour discovery

  /// Claims of addresses that are damaged, cut, too long, or about nobody's address.
  func neighbours(_ address: [UInt8], _ address6: [UInt8]) -> [[UInt8]] {
    let everybody = [UInt8](repeating: 0xff, count: 6)
    let ethernet = everybody + sender + [0x08, 0x06]
    let arp = ethernet + [0, 1, 8, 0, 6, 4, 0, 2] + sender + address + everybody + address
    var frames = (14..<42).map { Array(arp[..<$0]) }
    // Not Ethernet, not IPv4, not their lengths.
    for (offset, value) in [(15, 6), (16, 0x86), (18, 8), (19, 16), (18, 0), (19, 255)]
      as [(Int, UInt8)]
    {
      var frame = arp
      frame[offset] = value
      frames.append(frame + [UInt8](repeating: 0xaa, count: 300))
    }
    let header: [UInt8] =
      [0x33, 0x33, 0, 0, 0, 1] + sender + [0x86, 0xdd]
      + [0x60, 0, 0, 0, 0, 32, 58, 255] + [0xfd, 0x77] + [UInt8](repeating: 0, count: 13) + [99]
      + [0xff, 2] + [UInt8](repeating: 0, count: 13) + [1]
    let claim = header + [136, 0, 0, 0, 0x20, 0, 0, 0] + address6 + [2, 1] + sender
    // The checksum is wrong in all of them.
    frames += (54..<86).map { Array(claim[..<$0]) } + [claim]
    frames += [hops(claim, 64), claim + [UInt8](repeating: 0xaa, count: 1000)]
    for (offset, value) in [(55, 1), (79, 0), (79, 255), (62, 0xff)] as [(Int, UInt8)] {
      var frame = claim
      frame[offset] = value
      frames.append(frame)
    }
    return frames
  }

  // MARK: - Datagrams

  /// Datagrams to a port of a node over IPv4, from every source port, with what is given and with
  /// what no program sends.
  func datagrams(
    from source: [UInt8], to destination: [UInt8], hardware: [UInt8], port: UInt16,
    payloads: [[UInt8]]
  ) -> [[UInt8]] {
    var random = Generator(state: 7)
    let lengths = [0, 1, 2, 3, 7, 8, 15, 16, 31, 32, 47, 48, 63, 64, 100, 255, 256, 700, 1472]
    let garbage = lengths.flatMap { length in
      [
        [UInt8](repeating: 0, count: length), [UInt8](repeating: 0xff, count: length),
        (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) },
      ]
    }
    var changed: [[UInt8]] = []
    for payload in payloads {
      changed += [payload, payload + payload.suffix(9)]
      changed += stride(from: 0, to: payload.count, by: 3).map { Array(payload[..<$0]) }
      for place in payload.indices {
        var copy = payload
        copy[place] ^= 1 << UInt8.random(in: 0...7, using: &random)
        changed.append(copy)
      }
    }
    return (garbage + changed).filter { $0.count <= 1472 }.map { payload in
      let length = UInt16(payload.count)
      var ip: [UInt8] =
        [0x45, 0] + word(28 + length) + [0, 0, 0x40, 0, 64, 17, 0, 0] + source + destination
      ip.replaceSubrange(10..<12, with: word(~sum(ip[...])))
      // Without a checksum, which RFC 768 allows.
      let udp = word(.random(in: 1024...65535, using: &random)) + word(port) + word(8 + length)
      return hardware + sender + [0x08, 0x00] + ip + udp + [0, 0] + payload
    }
  }

  // MARK: - Bytes

  /// The frame as if the sender of the flood had sent it.
  private func own(_ frame: [UInt8]) -> [UInt8] {
    frame.prefix(6) + sender + frame.dropFirst(12)
  }

  private func isIPv6(_ frame: [UInt8]) -> Bool { frame[12] == 0x86 }

  private func payload(_ frame: [UInt8]) -> Int { isIPv6(frame) ? 54 : 34 }

  private func hops(_ frame: [UInt8], _ limit: UInt8) -> [UInt8] {
    if isIPv6(frame) {
      var frame = frame
      frame[21] = limit
      return frame
    }
    return changed(frame, at: 22, to: [limit, frame[23]], sum: 24)
  }

  /// With the IP header's length for so many bytes behind it; zeros are added.
  private func resized(
    _ frame: [UInt8], to length: Int, and tail: [UInt8] = []
  ) -> [UInt8] {
    let start = payload(frame)
    var frame = Array((frame + [UInt8](repeating: 0, count: 1500)).prefix(start + length)) + tail
    let length = length + tail.count
    if isIPv6(frame) {
      frame.replaceSubrange(18..<20, with: word(UInt16(length)))
      return frame
    }
    return changed(frame, at: 16, to: word(UInt16(20 + length)), sum: 24)
  }

  /// Two bytes replaced, and the checksum brought up to date by RFC 1624 (equation 3); the place is
  /// even or odd as that of the sum is.
  private func changed(
    _ frame: [UInt8], at place: Int, to bytes: [UInt8], sum offset: Int
  ) -> [UInt8] {
    var new = frame
    new.replaceSubrange(place..<place + 2, with: bytes)
    let even = (place - offset).isMultiple(of: 2)
    let window = even ? place..<place + 2 : place - 1..<place + 3
    let removed = sum(frame[window].map { ~$0 }[...])
    let total = UInt32(~(UInt16(frame[offset]) << 8 | UInt16(frame[offset + 1])))
    let folded = fold(total + UInt32(removed) + UInt32(sum(new[window])))
    new.replaceSubrange(offset..<offset + 2, with: word(~folded))
    return new
  }

  /// With VRRP's checksum for what is in it: over IPv6 of everything and the pseudo header (RFC 8200
  /// section 8.1), over IPv4 of the message without a pseudo header and without the trailer.
  private func summed(_ frame: [UInt8], trailer: Int = 0) -> [UInt8] {
    let start = payload(frame)
    var frame = frame
    frame.replaceSubrange(start + 6..<start + 8, with: [0, 0])
    let total =
      isIPv6(frame)
      ? UInt32(sum(frame[22...])) + UInt32(frame.count - start + 112)
      : UInt32(sum(frame[start..<frame.count - trailer]))
    frame.replaceSubrange(start + 6..<start + 8, with: word(~fold(total)))
    return frame
  }

  private func word(_ number: UInt16) -> [UInt8] { [UInt8(number >> 8), UInt8(number & 0xff)] }

  /// The ones' complement sum of 16-bit words (RFC 1071).
  private func sum(_ bytes: ArraySlice<UInt8>) -> UInt16 {
    fold(
      bytes.enumerated().reduce(0) { total, entry in
        total + UInt32(entry.element) << (entry.offset.isMultiple(of: 2) ? 8 : 0)
      })
  }

  private func fold(_ number: UInt32) -> UInt16 {
    var number = number
    while number > 0xffff { number = number >> 16 + number & 0xffff }
    return UInt16(number)
  }
}

/// The same numbers in every run (SplitMix64).
struct Generator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
    return mixed ^ mixed >> 31
  }
}
