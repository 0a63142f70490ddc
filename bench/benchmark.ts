import type { ServerVariable } from './servers/addresses.js'

/** One thing that is measured. Each runs in a process of its own (own-process.ts). */
export interface Benchmark {
  readonly name: string
  /** What is measured against what, in a line. */
  readonly measures: string
  /** The environment variables that say where its servers are. It runs among those of the servers. */
  readonly needs?: readonly ServerVariable[]
  /** Takes minutes: runs only when it is asked for. */
  readonly onRequest?: boolean
  readonly run: (setting: Setting) => Promise<readonly Figure[]>
}

/** What a benchmark is given. Everything in it can be sent to another process, but for `progress`. */
export interface Setting {
  /** An empty folder on the disk that is measured. Whoever made it removes it. */
  readonly folder: string
  /** Smaller sizes: to try a benchmark, not to quote it. */
  readonly quick: boolean
  /** How often each side takes its turn. */
  readonly rounds: number
  /** Says what is going on, for people. */
  readonly progress: (text: string) => void
}

export type Figure = Comparison | Peak

/** Ours against a peer, both in the same unit a second. Best round against best round. */
export interface Comparison {
  readonly type: 'comparison'
  readonly name: string
  readonly unit: 'events' | 'records' | 'requests' | 'documents'
  readonly ours: number
  readonly peer: number
  /** `ours / peer` */
  readonly ratio: number
  /** What the ratio must reach; without it the figure only informs. */
  readonly required?: number
  readonly passed?: boolean
  /** Every round, in its order. */
  readonly rounds: { readonly ours: readonly number[]; readonly peer: readonly number[] }
  /** Sizes, and whatever else belongs to the figure. */
  readonly detail: string
}

/** The greatest resident memory of a process, over its life. */
export interface Peak {
  readonly type: 'peak'
  readonly name: string
  /** 10^6 bytes. */
  readonly megabytes: number
  /** It must stay below this. */
  readonly limit: number
  readonly passed: boolean
  readonly detail: string
}
