import VRRP

/// What one peer has yet to hear.
struct ConnectionAccount {
  /// The connections that have come (true) or gone since the last parcel was cut.
  var changes: [ConnectionEntry: Bool] = [:]
  /// What is being sent, from the end on.
  var outgoing: [(entry: ConnectionEntry, isComing: Bool)] = []
  var beginsAnew = true
  var isSending = false
  /// What it holds once all that was sent has arrived.
  var count: UInt32 = 0
  var digest: UInt64 = 0
  var number: UInt32 = 0
  /// Surveys that have passed since its answer is waited for; nil when it is not.
  var waited: Int?
  var quiet = 0
  /// Whether a survey has passed since something was begun: once in a survey is enough.
  var isDue = false

  /// Whether something can be begun, and needs to be.
  var hasNews: Bool {
    isDue && !isSending && waited == nil
      && (beginsAnew || !changes.isEmpty || quiet >= ConnectionLedger.silence)
  }

  mutating func note(_ entry: ConnectionEntry, isComing: Bool) {
    // Whoever gets the whole list needs no changes.
    guard !beginsAnew else { return }
    if changes[entry] == !isComing {
      changes[entry] = nil
    } else {
      changes[entry] = isComing
    }
  }

  mutating func pass() {
    quiet += 1
    isDue = true
    guard let passed = waited else { return }
    waited = passed + 1
    guard passed + 1 >= ConnectionLedger.patience else { return }
    let last = number
    self = Self(isDue: true)
    number = last
  }

  mutating func begin(_ present: [ConnectionEntry: UInt32]) {
    isSending = true
    isDue = false
    quiet = 0
    if beginsAnew {
      outgoing = present.keys.map { ($0, true) }
      count = 0
      digest = 0
    } else {
      outgoing = changes.map { ($0.key, $0.value) }
    }
    changes = [:]
  }

  mutating func cut(
    _ family: AddressFamily, _ addresses: [IPAddress]
  ) -> ConnectionParcel.Piece {
    let beginning = beginsAnew ? addresses : nil
    beginsAnew = false
    number &+= 1
    var piece = ConnectionParcel.Piece(
      number: number, family: family, beginning: beginning, isEnd: false, removed: [], added: [])
    for _ in 0..<ConnectionParcel.capacity(family, beginning: beginning) {
      guard let (entry, isComing) = outgoing.popLast() else { break }
      if isComing {
        piece.added.append(entry)
        count &+= 1
        digest &+= entry.digest
      } else {
        piece.removed.append(entry)
        count &-= 1
        digest &-= entry.digest
      }
    }
    piece.isEnd = outgoing.isEmpty
    if piece.isEnd {
      isSending = false
      waited = 0
    }
    return piece
  }
}
