import Control
import Foundation
import Glibc
import Testing

struct ControlClientTests {
  private func ask(
    _ path: String, _ request: Request = .status(name: nil),
    patience: Duration = ControlClient.patience, progress: (Control.Progress) -> Void = { _ in }
  ) throws(ControlClientError) -> Outcome {
    var client = try ControlClient.connect(path: path, patience: patience)
    return try client.ask(request, patience: patience, progress: progress)
  }

  private func failure(_ path: String, patience: Duration = ControlClient.patience)
    -> ControlClientError?
  {
    do throws(ControlClientError) {
      _ = try ask(path, patience: patience)
      return nil
    } catch {
      return error
    }
  }

  @Test("A request goes out as one line and its result comes back")
  func result() throws {
    let daemon = try TestDaemon(TestDaemon.Answer([.result(.status(example()))]))
    #expect(try ask(daemon.path, .status(name: "orders-db")) == .status(example()))
    #expect(daemon.received == [#"{"command":"status","name":"orders-db"}"# + "\n"])
  }

  @Test("Every progress line is seen, in order, before the result")
  func progress() throws {
    let steps = (0..<40).map { Control.Progress(phase: "phase-\($0)", elapsedMilliseconds: $0) }
    let outcome = FailoverOutcome(
      operationIdentifier: "op-1", result: .done, message: "moved", durationMilliseconds: 40)
    let daemon = try TestDaemon(
      TestDaemon.Answer(steps.map { .progress($0) } + [.result(.failover(outcome))]))
    var seen: [Control.Progress] = []
    let request = Request.failover(FailoverRequest(name: "orders-db"))
    #expect(try ask(daemon.path, request) { seen.append($0) } == .failover(outcome))
    #expect(seen == steps)
  }

  @Test("A result far larger than one read is put together")
  func large() throws {
    let entry = HistoryEntry(
      time: noon, virtualRouter: "orders-db", event: "active", reason: "manual", term: 1,
      detail: String(repeating: "ä", count: 2000))
    let report = HistoryReport(entries: Array(repeating: entry, count: 500))
    let daemon = try TestDaemon(TestDaemon.Answer([.result(.history(report))]))
    #expect(try ask(daemon.path, .history(name: nil, limit: 500)) == .history(report))
  }

  @Test("The daemon's refusal arrives as it was said")
  func refusal() throws {
    let refusal = Refusal(.notFound, "no virtual router is called x", remedy: "`godwit status`")
    let daemon = try TestDaemon(TestDaemon.Answer([.error(refusal)]))
    let error = failure(daemon.path)
    #expect(error == .refused(refusal))
    #expect(error?.message == "no virtual router is called x\n`godwit status`")
    #expect(error?.exitStatus == 1)
  }

  static let codes: [(Refusal.Code, Int32)] = [
    (.refused, 1), (.notFound, 1), (.usage, 64), (.internal, 69), (.notAllowed, 77),
  ]

  @Test("Each code of a refusal has its exit status", arguments: codes)
  func status(code: Refusal.Code, status: Int32) {
    #expect(ControlClientError.refused(Refusal(code, "no")).exitStatus == status)
  }

  @Test("Where nothing listens, the sentence asks whether the daemon runs")
  func absent() throws {
    let directory = try makeDirectory()
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let path = directory + "/control.sock"
    let error = failure(path)
    #expect(error == .cannotReach(path: path))
    #expect(
      error?.message
        == "godwitd does not answer on \(path): is it running? `systemctl status godwitd`")
    #expect(error?.exitStatus == 69)

    // A socket that a dead process left behind.
    close(try listen(on: path, backlog: 1))
    #expect(failure(path) == .cannotReach(path: path))
  }

  @Test("A daemon that accepts and says nothing is given up at the deadline")
  func silent() throws {
    let daemon = try TestDaemon(TestDaemon.Answer(holds: true))
    let start = ContinuousClock.now
    let error = failure(daemon.path, patience: .milliseconds(200))
    #expect(error == .stalled(path: daemon.path, after: .milliseconds(200)))
    #expect(ContinuousClock.now - start >= .milliseconds(199))
    #expect(error?.exitStatus == 69)
  }

  @Test("Progress does not prolong the deadline of the whole answer")
  func endless() throws {
    let line = #"{"progress":{"detail":"","elapsed_ms":1,"phase":"a"}}"# + "\n"
    let daemon = try TestDaemon(
      TestDaemon.Answer(String(repeating: line, count: 100), holds: true))
    #expect(
      failure(daemon.path, patience: .milliseconds(200))
        == .stalled(path: daemon.path, after: .milliseconds(200)))
  }

  @Test("A daemon whose queue of connections is full is given up at the deadline")
  func fullQueue() throws {
    let directory = try makeDirectory()
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let path = directory + "/control.sock"
    let listener = try listen(on: path, backlog: 0)
    defer { close(listener) }
    var waiting: [Int32] = []
    defer { for descriptor in waiting { close(descriptor) } }
    var address = unixAddress(path)
    while waiting.count < 100 {
      let descriptor = socket(
        AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
      waiting.append(descriptor)
      let connected = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
      }
      if connected != 0 { break }
    }
    #expect(waiting.count < 100)
    #expect(
      failure(path, patience: .milliseconds(200))
        == .stalled(path: path, after: .milliseconds(200)))
  }

  @Test(
    "A connection that ends before the final reply is no result",
    arguments: [
      "", "{\"result\":", #"{"progress":{"detail":"","elapsed_ms":1,"phase":"a"}}"# + "\n",
    ])
  func closedEarly(text: String) throws {
    let daemon = try TestDaemon(TestDaemon.Answer(text))
    let error = failure(daemon.path)
    #expect(error == .closedEarly(path: daemon.path))
    #expect(error?.exitStatus == 69)
  }

  @Test("Another program on the socket is named as such")
  func garbage() throws {
    let daemon = try TestDaemon(TestDaemon.Answer("HTTP/1.1 400 Bad Request\r\n\r\n"))
    #expect(
      failure(daemon.path) == .notUnderstood(path: daemon.path, reason: "not one line of JSON"))
  }

  @Test("An answer without an end is given up")
  func tooLong() throws {
    let daemon = try TestDaemon(
      TestDaemon.Answer(String(repeating: "x", count: (16 << 20) + 70_000), holds: true))
    #expect(
      failure(daemon.path)
        == .notUnderstood(path: daemon.path, reason: "a line is longer than 16 MiB"))
  }

  @Test("A path that no socket can have is wrong usage")
  func path() {
    let long = "/" + String(repeating: "x", count: 107)
    #expect(failure(long) == .unusablePath(long))
    #expect(failure("") == .unusablePath(""))
    #expect(failure("")?.exitStatus == 64)
    #expect(failure("/" + String(repeating: "x", count: 106)) != .unusablePath(long))
  }

  @Test("The path that is asked for wins")
  func explicitPath() {
    #expect(ControlClient.path(option: "/run/other.sock") == "/run/other.sock")
    #expect(ControlClient.standardPath == "/run/godwit/control.sock")
  }
}
