import Glibc
import Testing

@testable import LinuxIO

/// An ARP request for 10.0.0.100 from 02:00:00:00:00:0a to all stations, as RFC 826 lays it out.
private func frame(_ last: UInt8) -> [UInt8] {
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 0x0a, 0x08, 0x06]
    + [0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 0x0a, 10, 0, 0, last]
    + [0, 0, 0, 0, 0, 0, 10, 0, 0, last]
}

@Suite(.inNamespaces) struct AnnouncerTests {
  @Test("Frames leave as they are, in their order, all of them")
  func send() throws {
    try NamespacePair.make { pair in
      let announcer = try pair.left.run { try Announcer.open() }
      let listener = try pair.right.listen(etherType: 0x0806)
      let frames = (0..<200).map { frame(UInt8($0)) }
      #expect(
        try announcer.send(
          Array(frames.joined()), frameLength: 42, interfaceIndex: pair.left.index()) == 200)
      #expect((0..<200).compactMap { _ in nextFrame(listener) { _ in true } } == frames)
    }
  }

  @Test("No frames are no error")
  func none() throws {
    try NamespacePair.make { pair in
      let announcer = try pair.left.run { try Announcer.open() }
      #expect(try announcer.send([], frameLength: 42, interfaceIndex: pair.left.index()) == 0)
    }
  }

  @Test("An interface that is down or gone is named by its errno")
  func down() throws {
    try NamespacePair.make { pair in
      let announcer = try pair.left.run { try Announcer.open() }
      let index = try pair.left.index()
      try pair.left.ip("link set eth0 down")
      #expect(throws: SystemError("sendmmsg", ENETDOWN)) {
        try announcer.send(frame(1), frameLength: 42, interfaceIndex: index)
      }
      #expect(throws: SystemError("sendmmsg", ENXIO)) {
        try announcer.send(frame(1), frameLength: 42, interfaceIndex: 99)
      }
    }
  }

  @Test("A length that does not divide the buffer, or is no Ethernet frame, is refused")
  func lengths() throws {
    try NamespacePair.make { pair in
      let announcer = try pair.left.run { try Announcer.open() }
      for length in [-1, 0, 13, 40, 43] {
        #expect(throws: SystemError("sendmmsg", EINVAL)) {
          try announcer.send(frame(1), frameLength: length, interfaceIndex: 1)
        }
      }
    }
  }
}
