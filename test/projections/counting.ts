import type { NewEvent } from '../../domain/event.js'
import type { Projection } from '../../projections/projection.js'
import { textsOf, type Tidemark } from './tidemark.js'

/** A projection that counts the events of one type, and fails at those that say so unless it was mended. */
export function counting(change: Partial<Projection> & { readonly mended?: boolean } = {}): Projection {
  const { mended = true, ...rest } = change
  return {
    name: 'counting',
    version: 1,
    categories: ['count'],
    collections: { counts: {} },
    watches: [['counts', 'all']],
    handlers: {
      Counted: ({ data }, documents) => {
        if ('fails' in data && !mended) throw new Error('it cannot be counted')
        const { n } = documents.get<{ n: number }>('counts', 'all') ?? { n: 0 }
        documents.put('counts', 'all', { n: n + 1 })
      },
    },
    ...rest,
  }
}

let serial = 0

export function counted(data: object = {}): NewEvent {
  const id = `6a8f3c1e-0000-5000-8000-${String(serial++).padStart(12, '0')}`
  return { id, stream: 'count-1', type: 'Counted', data, metadata: {} }
}

/** What has been counted, as it is stored. */
export async function count({ live }: Tidemark): Promise<string | undefined> {
  return (await textsOf(await live('counting'), 'counts')).all
}
