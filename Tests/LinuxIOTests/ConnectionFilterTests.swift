import Testing
import VRRP

@testable import LinuxIO

@Suite struct ConnectionFilterTests {
  @Test("Two conditions: the first jumps to the end or to the second, the second decides")
  func program() throws {
    let program = ConnectionFilter.bytes(
      for: [try address("10.0.0.100"), try address("fd00::1")], .ipv6)
    // Code 7: source; 1: jump. Offsets are in the order of the host, which is little-endian here.
    #expect(
      program == [
        7, 16, 20, 0, 2, 32, 0, 0, 0xff, 0xff, 0xff, 0xff, 10, 0, 0, 100,
        1, 4, 32, 0,
        7, 28, 32, 0, 10, 128, 0, 0, 0xff, 0xff, 0xff, 0xff,
        0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
      ])
  }
}
