import Glibc
import Testing

@testable import LinuxIO

/// Everything that can be read now, as lines.
private func lines(of descriptor: Int32) -> [String] {
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 65536)
  while waitUntilReady(descriptor, milliseconds: 0) {
    let count = read(descriptor, &buffer, buffer.count)
    guard count > 0 else { break }
    bytes += buffer.prefix(count)
  }
  return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
}

/// The line without its time: `2026-01-31T12:00:00.123Z `.
private func withoutTime(_ line: String) -> Substring {
  #expect(line.utf8.count > 25 && line.utf8.dropFirst(23).starts(with: "Z ".utf8))
  return line.dropFirst(25)
}

@Suite struct LogOutputTests {
  @Test func `A line to a pipe carries the time and no control characters`() throws {
    let pipe = try Pipe.make(keeps: .reading)
    var log = LogOutput(descriptor: pipe.given.number, journalStream: nil)
    log.write("router 51: active\n\u{1b}[31mforged", priority: 5)
    let reader = pipe.keep()
    let written = lines(of: reader.number)
    #expect(written.map(withoutTime) == ["router 51: active??[31mforged"])
  }

  @Test(arguments: [true, false])
  func `A full pipe blocks nobody, and the next line that fits says how many were lost`(
    reopens: Bool
  ) throws {
    var ends: [Int32] = [-1, -1]
    #expect(Glibc.pipe(&ends) == 0)
    let reader = FileDescriptor(owning: ends[0])
    let writer = FileDescriptor(owning: ends[1])
    var log = LogOutput(descriptor: writer.number, journalStream: nil, reopens: reopens)
    #expect(fcntl(writer.number, F_GETFL) & O_NONBLOCK == 0, "who shares the pipe is unaffected")
    let text = String(repeating: "x", count: 1000)
    var count = 0
    while log.droppedLines == 0 && count < 1000 {
      log.write(text, priority: 6)
      count += 1
    }
    #expect((10...100).contains(count))
    log.write(text, priority: 6)
    #expect(log.droppedLines == 2)
    #expect(lines(of: reader.number).count == count - 1)
    log.write("back", priority: 6)
    log.write("again", priority: 6)
    #expect(
      lines(of: reader.number).map(withoutTime)
        == ["(lines lost before this one: 2) back", "again"])
  }

  @Test func `The journal's socket gets priorities, and a full one blocks nobody`() throws {
    var ends: [Int32] = [-1, -1]
    #expect(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
    let reader = FileDescriptor(owning: ends[0])
    let writer = FileDescriptor(owning: ends[1])
    var status = stat()
    fstat(writer.number, &status)
    let stream = "\(status.st_dev):\(status.st_ino)"
    var log = LogOutput(descriptor: writer.number, journalStream: stream)
    #expect(log.isJournal == true)
    log.write("up", priority: 6)
    log.write("broken", priority: 3)
    #expect(lines(of: reader.number) == ["<6>up", "<3>broken"])
    var count = 0
    while log.droppedLines == 0 && count < 100_000 {
      log.write(String(repeating: "x", count: 3000), priority: 6)
      count += 1
    }
    #expect(log.droppedLines == 1)
    _ = lines(of: reader.number)
    log.write("back", priority: 4)
    #expect(lines(of: reader.number).last == "<4>(lines lost before this one: 1) back")
    #expect(LogOutput(descriptor: writer.number, journalStream: "1:2").isJournal == false)
    #expect(LogOutput(descriptor: writer.number, journalStream: "nonsense").isJournal == false)
  }

  @Test func `A long line is cut between characters at 4096 bytes`() throws {
    let pipe = try Pipe.make(keeps: .reading)
    var log = LogOutput(descriptor: pipe.given.number, journalStream: nil)
    log.write(String(repeating: "é", count: 5000), priority: 6)
    let reader = pipe.keep()
    let line = try #require(lines(of: reader.number).first)
    // 25 bytes of time, 2 bytes for each letter, 3 for the ellipsis, 1 for the line feed.
    #expect(withoutTime(line) == String(repeating: "é", count: 2033) + "…")
    #expect(line.utf8.count < 4096)
  }

  @Test func `A file gets every line`() throws {
    let directory = TemporaryDirectory()
    let path = directory.write("", to: "log")
    let file = FileDescriptor(owning: open(path, O_WRONLY | O_CLOEXEC))
    var log = LogOutput(descriptor: file.number, journalStream: nil)
    log.write("one", priority: 6)
    log.write("two", priority: 6)
    #expect(
      readFile(path).split(separator: "\n").map { withoutTime(String($0)) } == ["one", "two"])
  }

  @Test func `A reader that is gone loses lines and nothing else`() throws {
    ProcessLimits.ignoreBrokenPipes()
    var ends: [Int32] = [-1, -1]
    #expect(Glibc.pipe(&ends) == 0)
    close(ends[0])
    let writer = FileDescriptor(owning: ends[1])
    var log = LogOutput(descriptor: writer.number, journalStream: nil)
    log.write("nobody hears", priority: 6)
    #expect(log.droppedLines == 1)
  }
}
