import { isAlive } from '../../sqlite/processes.js'

/**
 * Whether an unpromoted build has been left behind. A rebuild belongs to the process that began it: several
 * may rebuild one projection at once, and the first to promote wins. Nobody goes on with a dead process's build.
 *
 * A process of our own id that began before we did is a dead one: in a container every start has the same id.
 * (An id that was reused by something else keeps its build until that ends too. A build taken wrongly only
 * fences its writer.)
 */
export function isAbandoned({ owner, created }: { owner: number; created: number }): boolean {
  if (owner === process.pid) return created < Date.now() - process.uptime() * 1000
  return !isAlive(owner)
}
