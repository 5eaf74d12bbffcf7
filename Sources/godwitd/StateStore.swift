import Control
import Failover
import LinuxIO
import VRRP

/// Terms, marks of maintenance and history, in memory and on the disk, which belongs to `godwitd --write-state`.
final class StateStore {
  private(set) var history: KeptHistory
  private var terms: [String: UInt64]
  private var marks: [String: MaintenanceMark]
  let writer: DiskWriter

  init(directory: String, log: Log) {
    let files = StateFiles(directory: directory)
    terms = files.readTerms()
    marks = files.readMaintenance()
    history = KeptHistory(files.readHistory(last: KeptHistory.capacity))
    writer = DiskWriter(
      ["--write-state", directory], subject: "state directory", number: 1, log: log)
    writer.beginning = { [unowned self] in
      terms.flatMap { Array("term \($0.key) \($0.value)\n".utf8) }
        + marks.flatMap { Array("maintenance \($0.key) \($0.value.line)\n".utf8) }
    }
  }

  func term(_ router: String) -> UInt64 { terms[router] ?? 0 }

  func keep(term: UInt64, of router: String, loop: borrowing EventLoop) {
    guard terms[router] != term else { return }
    terms[router] = term
    // A name has no white space, so the line can be split at it.
    writer.submit(Array("term \(router) \(term)\n".utf8), loop: loop)
  }

  func maintenance(_ router: String) -> MaintenanceMark { marks[router] ?? MaintenanceMark() }

  func keep(_ mark: MaintenanceMark, of router: String, loop: borrowing EventLoop) {
    guard marks[router] != mark else { return }
    marks[router] = mark
    writer.submit(Array("maintenance \(router) \(mark.line)\n".utf8), loop: loop)
  }

  func keep(_ entry: HistoryEntry, loop: borrowing EventLoop) {
    writer.submit(Array("history ".utf8) + history.add(entry), loop: loop)
  }
}
