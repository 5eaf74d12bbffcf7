import Failover
import VRRP

/// What the world does at a time that is known before.
enum Happening {
  /// An advertisement arrives.
  case advertisement(Advertisement, addresses: AddressSet, from: Int)
  case hookEnds(HookRun.Identifier, ProgramEnd, life: Int)
  case checkEnds(Int, passed: Bool, life: Int)
  /// The connections of the addresses are reset.
  case connectionsReset(life: Int)
  /// A stopped or busy process goes on.
  case wake
  case boot
  /// What the interface says reaches the daemon.
  case link(life: Int)
  /// The injection at this place of the plan.
  case injection(Int)
  /// A mishap is over.
  case carrierBack
  case partitionOver
  case checkMended(Int)
  case resume
  /// An ARP frame that says who has or wants an address.
  case neighbor(NeighborClaim, life: Int)
  /// A gratuitous ARP reaches the client.
  case heardByClient
  /// The client makes sure that its neighbour still answers.
  case clientAsks
  /// A report arrives.
  indirect case channel(ChannelMessage)
  case channelTick(life: Int)
  indirect case parcel(Parcel)
  /// Everything is mended from now on.
  case quiet
  /// People look whether maintenance has ended.
  case maintenanceOver
}

/// A binary heap of happenings, the earliest first; of the same time the one that was added first.
struct Agenda {
  struct Entry {
    var time: Nanoseconds
    var sequence: UInt64
    var node: Int
    var happening: Happening

    func comesBefore(_ other: Entry) -> Bool {
      time != other.time ? time < other.time : sequence < other.sequence
    }
  }

  private var entries: [Entry] = []
  private var sequence: UInt64 = 0

  /// When the next happening is due; `.max` for never.
  var nextTime: Nanoseconds { entries.first?.time ?? .max }

  mutating func add(_ happening: Happening, to node: Int, at time: Nanoseconds) {
    sequence += 1
    entries.append(Entry(time: time, sequence: sequence, node: node, happening: happening))
    var place = entries.count - 1
    while place > 0, entries[place].comesBefore(entries[(place - 1) / 2]) {
      entries.swapAt(place, (place - 1) / 2)
      place = (place - 1) / 2
    }
  }

  /// The happening, and every parcel of the same sender to the same node, waits until then; their order
  /// stays.
  mutating func postpone(
    _ happening: Happening, to node: Int, from sender: Int, until time: Nanoseconds
  ) {
    var behind: [Entry] = []
    var others: [Entry] = []
    for entry in entries {
      if case .parcel(let parcel) = entry.happening, entry.node == node, parcel.from == sender {
        behind.append(entry)
      } else {
        others.append(entry)
      }
    }
    behind.sort { $0.comesBefore($1) }
    entries = []
    sequence += 1
    restore(others)
    add(happening, to: node, at: time)
    for entry in behind { add(entry.happening, to: node, at: max(time, entry.time)) }
  }

  private mutating func restore(_ kept: [Entry]) {
    // Sorted entries are a heap.
    entries = kept.sorted { $0.comesBefore($1) }
  }

  mutating func takeFirst() -> Entry? {
    guard let last = entries.popLast() else { return nil }
    guard let first = entries.first else { return last }
    entries[0] = last
    var place = 0
    while true {
      var least = place
      for child in [2 * place + 1, 2 * place + 2]
      where child < entries.count && entries[child].comesBefore(entries[least]) {
        least = child
      }
      guard least != place else { return first }
      entries.swapAt(place, least)
      place = least
    }
  }
}
