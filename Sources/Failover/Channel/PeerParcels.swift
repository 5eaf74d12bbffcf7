import VRRP

/// The parcels to and from one peer, in one connection.
public struct PeerParcels: Sendable {
  /// Bytes that wait at most: 2 MiB.
  static let capacity = 2 << 20
  /// Parcels that wait at most.
  static let mostParcels = 4096
  /// Pieces that are on the way at most.
  static let window = 64
  static let firstPause = Duration.milliseconds(30)
  static let longestPause = Duration.milliseconds(500)
  /// The last number of a connection: what is one above it still has to be a number.
  static let lastOfAll = UInt32.max - 1

  private struct Waiting: Sendable {
    let number: UInt32
    let content: [UInt8]
  }

  // What goes out.
  private var queue: [Waiting] = []
  private var queued = 0
  private var lastNumber: UInt32
  /// Everything before is acknowledged.
  private var acknowledged: ParcelAcknowledgement
  /// The next piece that was not sent yet.
  private var next: ParcelAcknowledgement
  private var underway = 0
  private var pause = Self.firstPause
  private var repeatDue: Instant?

  // What comes in.
  private var expected: ParcelAcknowledgement
  private var assembly: [UInt8] = []
  private var present: [Bool] = []
  /// Whether pieces have arrived that the peer was not told of.
  public private(set) var owesAcknowledgement = false

  public init() { self.init(after: 0) }

  /// As if that many had gone each way.
  init(after number: UInt32) {
    lastNumber = number
    acknowledged = ParcelAcknowledgement(parcel: number + 1, offset: 0)
    next = acknowledged
    expected = acknowledged
  }

  /// Whether this connection has no number left for a parcel: it takes another one.
  public var isUsedUp: Bool { lastNumber >= Self.lastOfAll }

  /// Whether nothing waits for an acknowledgement.
  public var isIdle: Bool { queue.isEmpty }

  /// When `chunks` has something; nil for never. Pieces that were not sent yet are due at once.
  public func nextDeadline(at now: Instant) -> Instant? {
    if underway < Self.window, hasUnsent { return now }
    return repeatDue
  }

  /// Whether what `chunks` gives is taken for lost.
  public func isRepeating(at now: Instant) -> Bool { repeatDue.map { $0 <= now } ?? false }

  /// A connection opened: what was said before is lost on the peer.
  public mutating func reset() { self = PeerParcels() }

  // MARK: Sending

  /// False when it is too long or too much waits already.
  public mutating func enqueue(_ parcel: PeerParcel) -> Bool {
    guard let content = parcel.content, queued + content.count <= Self.capacity,
      queue.count < Self.mostParcels, !isUsedUp
    else { return false }
    lastNumber += 1
    queued += content.count
    queue.append(Waiting(number: lastNumber, content: content))
    return true
  }

  /// The pieces to send now, at most `limit`.
  public mutating func chunks(limit: Int, at now: Instant) -> [ParcelChunk] {
    if let due = repeatDue, due <= now {
      // Whatever was on the way is taken for lost, and is sent again little by little.
      next = acknowledged
      underway = 0
      pause = min(pause * 2, Self.longestPause)
      repeatDue = nil
    }
    var chunks: [ParcelChunk] = []
    while chunks.count < limit, underway < Self.window, let chunk = takeUnsent() {
      chunks.append(chunk)
      underway += 1
    }
    if !chunks.isEmpty, repeatDue == nil { repeatDue = now + pause }
    return chunks
  }

  private var hasUnsent: Bool {
    guard let last = queue.last else { return false }
    return next.parcel <= last.number
  }

  private mutating func takeUnsent() -> ParcelChunk? {
    guard let first = queue.first, next.parcel >= first.number else { return nil }
    let place = Int(next.parcel - first.number)
    guard place < queue.count else { return nil }
    let content = queue[place].content
    let offset = Int(next.offset)
    let end = min(offset + ParcelChunk.longest, content.count)
    let chunk = ParcelChunk(
      parcel: next.parcel, total: UInt32(content.count), offset: next.offset,
      bytes: Array(content[offset..<end]))
    next =
      end == content.count
      ? ParcelAcknowledgement(parcel: next.parcel + 1, offset: 0)
      : ParcelAcknowledgement(parcel: next.parcel, offset: UInt32(end))
    return chunk
  }

  /// The peer has that much. What no such peer could have is passed over.
  public mutating func take(_ answer: ParcelAcknowledgement, at now: Instant) {
    guard answer > acknowledged, answer.parcel <= lastNumber + 1, isPlace(answer) else { return }
    acknowledged = answer
    while let first = queue.first, first.number < answer.parcel {
      queued -= first.content.count
      queue.removeFirst()
    }
    if next < answer { next = answer }
    underway = pieces(from: acknowledged, to: next)
    pause = Self.firstPause
    repeatDue = underway > 0 ? now + pause : nil
  }

  private func isPlace(_ answer: ParcelAcknowledgement) -> Bool {
    if answer.parcel == lastNumber + 1 { return answer.offset == 0 }
    guard let first = queue.first, answer.parcel >= first.number else { return false }
    let length = queue[Int(answer.parcel - first.number)].content.count
    return Int(answer.offset) < length && Int(answer.offset) % ParcelChunk.longest == 0
  }

  private func pieces(from: ParcelAcknowledgement, to: ParcelAcknowledgement) -> Int {
    var count = 0
    for waiting in queue where waiting.number >= from.parcel && waiting.number <= to.parcel {
      let begin = waiting.number == from.parcel ? Int(from.offset) : 0
      let end = waiting.number == to.parcel ? Int(to.offset) : waiting.content.count
      count += max(0, end - begin + ParcelChunk.longest - 1) / ParcelChunk.longest
    }
    return count
  }

  // MARK: Receiving

  /// Takes a piece in; the parcel when it is complete with that. Every piece is owed an
  /// acknowledgement, one that was had before too.
  public mutating func take(_ chunk: ParcelChunk) -> PeerParcel? {
    owesAcknowledgement = true
    guard chunk.parcel == expected.parcel else { return nil }
    if assembly.isEmpty {
      assembly = [UInt8](repeating: 0, count: Int(chunk.total))
      let pieces = (assembly.count + ParcelChunk.longest - 1) / ParcelChunk.longest
      present = [Bool](repeating: false, count: pieces)
    }
    // A parcel does not change its length.
    guard assembly.count == Int(chunk.total) else { return nil }
    let offset = Int(chunk.offset)
    assembly.replaceSubrange(offset..<offset + chunk.bytes.count, with: chunk.bytes)
    present[offset / ParcelChunk.longest] = true
    guard let missing = present.firstIndex(of: false) else {
      expected = ParcelAcknowledgement(parcel: expected.parcel + 1, offset: 0)
      defer {
        assembly = []
        present = []
      }
      return PeerParcel(content: assembly)
    }
    expected.offset = UInt32(missing * ParcelChunk.longest)
    return nil
  }

  /// What the peer is to be told of pieces that have arrived; nil when it knows.
  public mutating func takeAcknowledgement() -> ParcelAcknowledgement? {
    guard owesAcknowledgement else { return nil }
    owesAcknowledgement = false
    return expected
  }
}
