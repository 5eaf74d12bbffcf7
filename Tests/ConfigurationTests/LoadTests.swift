import Foundation
import Testing

@testable import Configuration

/// A directory of its own for one test.
private func inDirectory(_ body: (String) throws -> Void) throws {
  let directory = FileManager.default.temporaryDirectory.appending(path: "godwit-\(UUID())")
  try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
  defer { try? FileManager.default.removeItem(at: directory) }
  try body(directory.path)
}

/// What loading `path` prints, with the name of the file left out.
private func failure(_ path: String) -> String {
  do throws(ConfigurationErrors) {
    _ = try NodeConfiguration.load(path: path, hostName: "db-a")
    return ""
  } catch {
    return error.description.replacing(path, with: "FILE")
  }
}

@Test func `A right file is loaded`() throws {
  try inDirectory { directory in
    let path = directory + "/godwit.yaml"
    try everyKey.write(toFile: path, atomically: false, encoding: .utf8)
    #expect(try NodeConfiguration.load(path: path, hostName: "db-a") == read(everyKey))
  }
}

@Test func `A wrong file is reported under its path`() throws {
  try inDirectory { directory in
    let path = directory + "/godwit.yaml"
    try (router + "    priority: 256\n").write(toFile: path, atomically: false, encoding: .utf8)
    #expect(
      failure(path)
        == "FILE:6:15: virtual_routers.orders-db.priority: 256 is out of range; use 1-255")
  }
}

@Test func `A file that cannot be opened is reported without a line`() throws {
  try inDirectory { directory in
    #expect(
      failure(directory + "/none")
        == "FILE: there is no such file; create it, or name the right path"
    )
    #expect(failure(directory) == "FILE: it is a directory; name the file in it")
    let link = directory + "/link"
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "none")
    #expect(failure(link) == "FILE: the symbolic link leads to no file; correct the link")
    let loop = directory + "/loop"
    try FileManager.default.createSymbolicLink(atPath: loop, withDestinationPath: "loop")
    #expect(failure(loop) == "FILE: the symbolic link leads back to itself; correct the link")
    let file = directory + "/file"
    try "x".write(toFile: file, atomically: false, encoding: .utf8)
    #expect(
      failure(file + "/below")
        == "FILE: a part of the path is not a directory; name the right path")
    #expect(failure("/dev/null") == "FILE: it is not a regular file; name a regular file")
    let fifo = directory + "/fifo"
    #expect(mkfifo(fifo, 0o600) == 0)
    #expect(failure(fifo) == "FILE: it is not a regular file; name a regular file")
  }
}

@Test(.enabled(if: geteuid() != 0, "root may read every file"))
func `A file without read permission is reported`() throws {
  try inDirectory { directory in
    let path = directory + "/godwit.yaml"
    try router.write(toFile: path, atomically: false, encoding: .utf8)
    #expect(chmod(path, 0) == 0)
    #expect(failure(path) == "FILE: no permission to read it; let this user read the file")
  }
}

@Test func `A file of 1 MiB is read, one byte more is refused`() throws {
  try inDirectory { directory in
    let path = directory + "/godwit.yaml"
    let comment = String(repeating: "#", count: 1_048_576 - router.utf8.count)
    try (router + comment).write(toFile: path, atomically: false, encoding: .utf8)
    #expect(failure(path) == "")
    try (router + comment + "#").write(toFile: path, atomically: false, encoding: .utf8)
    #expect(failure(path) == "FILE: the file is larger than 1 MiB; make it smaller")
  }
}
