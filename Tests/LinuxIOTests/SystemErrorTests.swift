import Glibc
import Testing

@testable import LinuxIO

@Suite struct SystemErrorTests {
  @Test("An error reads as the call and the reason of the system")
  func description() {
    #expect("\(SystemError("bind", EADDRINUSE))" == "bind: Address already in use")
    #expect("\(SystemError("sendmsg", ENOBUFS))" == "sendmsg: No buffer space available")
  }

  @Test("A descriptor is closed with its owner")
  func closed() throws {
    var ends: [Int32] = [-1, -1]
    #expect(pipe(&ends) == 0)
    let reader = FileDescriptor(owning: ends[0])
    do {
      let writer = FileDescriptor(owning: ends[1])
      #expect(!becomesReadable(reader.number, milliseconds: 0))
      _ = writer.number
    }
    // The end of the last writer is the end of the file.
    #expect(becomesReadable(reader.number))
  }
}
