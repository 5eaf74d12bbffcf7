/// The last sequence accepted from each of the few routers that share a virtual router.
///
/// A slot is taken only by an advertisement that passed every check, so that forged sources push
/// nobody out; the one not heard for longest makes room.
struct ReplayMarks: Equatable, Sendable {
  /// Senders that are remembered.
  static let slots = 4

  /// The least recently raised first.
  private var marks: [(source: IPAddress, sequence: SequenceNumber)] = []

  /// The last sequence from there; nil when none is remembered.
  subscript(source: IPAddress) -> SequenceNumber? {
    marks.first { $0.source == source }?.sequence
  }

  /// An advertisement with that sequence was accepted.
  mutating func raise(_ source: IPAddress, to sequence: SequenceNumber) {
    if let place = marks.firstIndex(where: { $0.source == source }) {
      marks.remove(at: place)
    } else if marks.count == Self.slots {
      marks.removeFirst()
    }
    marks.append((source, sequence))
  }

  static func == (left: ReplayMarks, right: ReplayMarks) -> Bool {
    left.marks.elementsEqual(right.marks) { $0 == $1 }
  }
}
