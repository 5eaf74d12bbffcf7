import ArgumentParser
import Control

/// `godwit keygen`
struct Keygen: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write a new authentication key, readable by its owner alone.",
    discussion: """
      The key is 32 random bytes in hexadecimal. A file that exists is never overwritten. Every node \
      of the group needs the same key.

      Example:

        godwit keygen /etc/godwit/keys/1
      """)

  @Argument(help: "The file to create; its directory must exist.")
  var file: String

  func run() throws {
    do throws(KeyFile.Failure) {
      try KeyFile.create(path: file)
    } catch {
      throw Complaint(error.message, exitStatus: error.exitStatus)
    }
    Terminal.print(
      """
      \(file): new key written, mode 0600.
      Next: copy it to the same path on every node (`scp -p` keeps its mode), and name it in the
      file: authentication: { keys: [{ id: 1, file: \(file) }] }

      """)
  }
}
