import type { RecordedEvent } from '../../domain/event.js'
import type { Write } from '../../read-store/port.js'
import type { Partition } from './partition.js'
import type { Derived } from './working-set.js'

/** What becomes of the events that a projection derives. */
export interface DerivedEvents {
  /** Takes the events of a unit of work; the writes returned belong to the same unit. */
  stage(derived: readonly Derived[], position: number): readonly Write[]
  /** Called when the unit is durable. */
  publish(): Promise<void>
  /** Whether a unit of work is still owed although nothing else changed. */
  readonly owes: boolean
  /** Sees the events of the log that are of the derived types; all of them, for every partition. */
  saw(event: RecordedEvent, partition: Partition): void
}
