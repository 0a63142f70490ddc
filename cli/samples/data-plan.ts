import { join } from 'node:path'
import { Temporal } from 'temporal-polyfill'
import type { AgreementInput } from '../../domain/agreement-input.js'
import { uuidV3FromBytes } from '../../domain/uuid.js'
import { JavaRandom } from './java-random.js'
import { emptyFolder, writeLines } from './sample-file.js'

/** Deterministic sample data for data plans (docs/semantics.md, Data plans: The deterministic generator). */
export interface DataPlanSize {
  /** Each has one agreement. */
  readonly subscribers: number
  /** One file of data records for each month, one record a day and subscriber in it. */
  readonly months: number
}

export interface GenerateDataPlan extends DataPlanSize {
  /** The folder to write to; made if it is not there. */
  readonly out: string
  readonly onProgress?: (progress: { readonly records: number; readonly total: number }) => void
}

/**
 * Writes `agreements.ndjson` and `incoming-data-records/*.csv`. Files are written under a name that importers skip
 * and then renamed, so nobody reads half a file. Memory grows with the subscribers, not with the records.
 *
 * @returns how many files were written, agreements included, and how many data records are in them
 */
export async function generateDataPlan(plan: GenerateDataPlan): Promise<{ files: number; records: number }> {
  const folder = join(plan.out, 'incoming-data-records')
  await emptyFolder(folder, /^idr_\d{3,}_\d{4}-\d{2}-\d{2}_[\da-f-]{36}\.csv$/)
  await writeLines(plan.out, 'agreements.ndjson', dataPlanAgreements(plan.subscribers))
  let [files, records] = [1, 0]
  const total = timetable(plan.months).flat().length * plan.subscribers
  for (const { name, lines } of dataPlanFiles(plan)) {
    const before = records
    records += await writeLines(folder, name, lines, (written) => {
      plan.onProgress?.({ records: before + written, total })
    })
    files++
  }
  return { files, records }
}

/** The lines of `agreements.ndjson`, without line feeds. */
export function* dataPlanAgreements(subscribers: number): Generator<string, void, void> {
  const ids = new JavaRandom(SEEDS.agreementId)
  const msisdns = new JavaRandom(SEEDS.msisdn)
  const signings = new JavaRandom(SEEDS.signedAt)
  const plans = new JavaRandom(SEEDS.plan)
  for (let i = 0; i < subscribers; i++) {
    const daysBefore = Math.trunc(20 * signings.nextDouble()) + 10
    const agreement: AgreementInput = {
      id: nextUuid(ids),
      msisdn: nextMsisdn(msisdns),
      signedAt: javaText(SERVICE_START.subtract({ days: daysBefore })),
      serviceStartAt: javaText(SERVICE_START),
      billingPeriodTimeZone: SERVICE_START.timeZoneId,
      maxBytesInBillingPeriod: (Math.trunc(2 * plans.nextDouble()) + 1) * 5 * 2 ** 30,
    }
    yield JSON.stringify(agreement)
  }
}

/** A file of data records. */
export interface DataPlanFile {
  readonly name: string
  /** Without line feeds. They are made as they are taken, once. */
  readonly lines: Iterable<string>
}

/** The files of data records in their order. The generators run on from one to the next, so take all lines of each. */
export function* dataPlanFiles({ subscribers, months }: DataPlanSize): Generator<DataPlanFile, void, void> {
  const msisdns = new JavaRandom(SEEDS.msisdn)
  const everyone = Array.from({ length: subscribers }, (_, i) => new Subscriber(nextMsisdn(msisdns), i))
  const shuffling = new JavaRandom(SEEDS.shuffle)
  const names = new JavaRandom(SEEDS.fileName)
  for (const [call, times] of timetable(months).entries()) {
    const date = times[0]?.slice(0, 10) ?? ''
    const name = `idr_${String(call).padStart(3, '0')}_${date}_${nextUuid(names)}.csv`
    yield { name, lines: recordLines(times, everyone, shuffling) }
  }
}

function* recordLines(times: readonly string[], everyone: Subscriber[], shuffling: JavaRandom) {
  for (const time of times) {
    shuffling.shuffle(everyone)
    for (const subscriber of everyone) yield subscriber.nextLine(time)
  }
}

/** Someone whose records are generated, with generators of their own. */
class Subscriber {
  private readonly ids: JavaRandom
  private readonly bytes: JavaRandom

  constructor(
    private readonly msisdn: string,
    index: number,
  ) {
    this.ids = new JavaRandom(SEEDS.recordId + index)
    this.bytes = new JavaRandom(SEEDS.bytes + index)
  }

  nextLine(time: string): string {
    return `${nextUuid(this.ids)};${time};${this.msisdn};${Math.trunc(this.bytes.nextDouble() * 2 ** 30)}`
  }
}

/**
 * For each file the times of its records. A step is a day of physical time, a month one on Warsaw's clock: in summer
 * the records come at one in the morning, and a file may have a record more or less than its month has days.
 */
function timetable(months: number): string[][] {
  const files: string[][] = []
  let time = SERVICE_START.add({ hours: 24 })
  for (let file = 0; file < months; file++) {
    const end = time.add({ months: 1 })
    const times: string[] = []
    while (Temporal.ZonedDateTime.compare(time, end) < 0) {
      times.push(javaText(time))
      time = time.add({ hours: 24 })
    }
    files.push(times)
  }
  return files
}

/** A time as Java's `ZonedDateTime` prints it, which leaves out seconds that are zero. Ours all are. */
function javaText(time: Temporal.ZonedDateTime): string {
  return time.toString({ smallestUnit: 'minute' })
}

function nextUuid(random: JavaRandom): string {
  return uuidV3FromBytes(random.nextBytes(8))
}

function nextMsisdn(random: JavaRandom): string {
  return `48${Math.trunc(random.nextDouble() * 1e9)}`
}

const SERVICE_START = Temporal.ZonedDateTime.from('2020-01-01T00:00[Europe/Warsaw]')

/** Those of `recordId` and `bytes` are for the first subscriber; each further one has the next. */
const SEEDS = {
  agreementId: 31_423_434,
  msisdn: 84_744_291,
  signedAt: 55_701_923,
  plan: 73_244_573,
  fileName: 3_424_233,
  shuffle: 7_371_661,
  recordId: 33_774_923,
  bytes: 24_524_555,
}
