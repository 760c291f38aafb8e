import { readFileSync, readlinkSync } from 'node:fs'

/** A listening socket that this process was given by whoever started it. */
export interface InheritedSocket {
  /** Its descriptor. */
  readonly fd: number
  /** What it is called: `FileDescriptorName=` of the `.socket` unit; `unknown` where it has no name. */
  readonly name: string
}

/**
 * The path of a Unix socket that was inherited, which Node does not tell; undefined for one that has none, or of which the kernel's list says two things. By proc(5): the
 * descriptor's inode, and the kernel's list of Unix sockets. Throws the file system's error where there is no `/proc`.
 */
export function pathOfInheritedSocket(fd: number): string | undefined {
  const [, inode] = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${fd}`)) ?? []
  const paths = new Set<string | undefined>()
  for (const line of readFileSync('/proc/self/net/unix', 'utf8').split('\n')) {
    // Num: RefCount Protocol Flags Type St Inode Path
    const [, found, path] = /^[0-9a-f]+: (?:[0-9A-F]+ ){5} *(\d+)(?: (.+))?$/.exec(line) ?? []
    if (found !== undefined && found === inode) paths.add(path)
  }
  // Names come as they are, line ends too: somebody else's socket may have a name that looks like the line of this one.
  const [path] = paths
  return paths.size === 1 ? path : undefined
}
