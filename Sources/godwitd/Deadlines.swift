import VRRP

/// Which virtual router wants to hear of the time next: a binary heap, so that a thousand of them
/// cost each wake-up no more than one.
///
/// A deadline that moves on, as a Backup's does with every advertisement, stays where it is and is
/// put right when it comes to the top.
struct Deadlines {
  private struct Entry {
    var at: Instant
    let router: LocalRouter
  }

  private var heap: [Entry] = []

  /// Takes in what `router.deadline` says now.
  mutating func note(_ router: LocalRouter) {
    guard let deadline = router.deadline else { return }
    if let noted = router.notedDeadline, noted <= deadline { return }
    router.notedDeadline = deadline
    heap.append(Entry(at: deadline, router: router))
    rise(heap.count - 1)
  }

  /// The earliest deadline of all.
  mutating func earliest() -> Instant? {
    while let top = heap.first {
      if top.router.notedDeadline == top.at {
        if top.router.deadline == top.at { return top.at }
        if let later = top.router.deadline {
          top.router.notedDeadline = later
          heap[0].at = later
          sink(0)
          continue
        }
        top.router.notedDeadline = nil
      }
      removeTop()
    }
    return nil
  }

  /// Takes out every virtual router whose time has come; `note` brings it back.
  mutating func takeDue(at now: Instant, _ due: inout [LocalRouter]) {
    while let next = earliest(), next <= now {
      let router = heap[0].router
      router.notedDeadline = nil
      removeTop()
      due.append(router)
    }
  }

  private mutating func removeTop() {
    heap.swapAt(0, heap.count - 1)
    heap.removeLast()
    sink(0)
  }

  private mutating func rise(_ place: Int) {
    var place = place
    while place > 0, heap[place].at < heap[(place - 1) / 2].at {
      heap.swapAt(place, (place - 1) / 2)
      place = (place - 1) / 2
    }
  }

  private mutating func sink(_ place: Int) {
    var place = place
    while true {
      var least = place
      for child in 2 * place + 1...2 * place + 2
      where child < heap.count && heap[child].at < heap[least].at {
        least = child
      }
      guard least != place else { return }
      heap.swapAt(place, least)
      place = least
    }
  }
}
