import Glibc
import Testing

@testable import LinuxIO

@Suite struct AccountTests {
  @Test func `A user is found with its number, groups and home`() throws {
    let root = try #require(Account.credentials(user: "root"))
    #expect(root.user == 0)
    #expect(root.group == 0)
    #expect(root.groups.contains(0))
    #expect(root.name == "root")
    #expect(root.homeDirectory == "/root")
    #expect(Account.userName(0) == "root")
    #expect(Account.groupIdentifier("root") == 0)
  }

  @Test func `Who does not exist is not found`() {
    #expect(Account.credentials(user: "no-such-user-here") == nil)
    #expect(Account.credentials(user: "") == nil)
    #expect(Account.userName(4_000_000_001) == nil)
    #expect(Account.groupIdentifier("no-such-group-here") == nil)
  }
}
