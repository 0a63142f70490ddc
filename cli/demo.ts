import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { RecordedEvent } from '../domain/event.js'
import type { Notification } from '../domain/notification.js'
import type { BillingPeriod } from '../domain/billing-period.js'
import { dataPlans } from '../projections/data-plans/data-plans.js'
import type { ReadStore } from '../read-store/port.js'
import { catchUp } from './caught-up.js'
import { withSystem, type Context } from './command.js'
import type { System } from './compose.js'
import { loadConfig, usualPort, type Config } from './config.js'
import { demoBilling } from './demo-billing.js'
import { demoMoney, withDemoSessionService } from './demo-money.js'
import { filesIn } from './files-to-import.js'
import { importAll } from './import.js'
import { table } from './output.js'
import { generateDataPlan } from './samples/data-plan.js'
import { verifyAll } from './verify.js'
import { whileTelling } from './while-telling.js'

const sample = { subscribers: 3, months: 3 }
const shownPeriods = 100
const telling = {
  categories: ['billing'],
  shown: ({ data }: RecordedEvent) => shownNotification(data as Notification['data']),
}

/** `tidemark demo`: the main job on sample data, from nothing to figures that are proved. */
export async function demo(context: Context): Promise<void> {
  await withDemoSessionService((sessionServiceUrl) =>
    demonstrate({ ...context, config: { ...context.config, sessionServiceUrl } }),
  )
}

async function demonstrate(context: Context): Promise<void> {
  const { config, output } = context
  const out = join(config.data, 'sample', 'data-plan')
  await rm(out, { recursive: true, force: true })
  output.say(`Data plans: ${sample.subscribers} subscribers, ${sample.months} months, in ${out}`)
  await generateDataPlan({ ...sample, out })
  await withSystem(context, async (system) => {
    await system.project()
    output.say('\nNotifications, as they are raised:')
    const imported = await whileTelling(system.eventStore, telling, output, () =>
      importSample(system, out, context),
    )
    const periods = await billingPeriods(system.readStore)
    output.say('\nImported:\n' + table(imported))
    output.say('\nBilling periods:\n' + table(periods.map(shownPeriod)))
    const billing = await demoBilling(system, context)
    const { imported: importedMoney, money } = await demoMoney(system, context)
    const verified = await verifyAll(system)
    const documents = verified.reduce((sum, one) => sum + one.documents, 0)
    const differences = verified.flatMap((one) => one.differences)
    if (differences.length > 0) process.exitCode = 1
    output.say(
      differences.length === 0
        ? `\nProved: a rebuild from the log gives the same ${documents} documents, byte for byte.`
        : `\nA rebuild differs in ${differences.length} documents: see tidemark verify.`,
    )
    const address = `http://${config.host}:${config.port ?? usualPort}/docs`
    output.say(`The data is in ${config.data}. Next: ${startOver(config)}, then ${address}`)
    const all = [...imported, ...importedMoney]
    if (output.json)
      output.result({ imported: all, periods, billing, money, documents, differences }, () => '')
  })
}

/** The command that serves the data: it is told the folder where it would not take that by itself. */
function startOver({ data }: Config): string {
  if (data === loadConfig().data) return 'npm start'
  return `npm start -- --data ${/^[\w./-]+$/.test(data) ? data : JSON.stringify(data)}`
}

async function importSample(system: System, out: string, context: Context) {
  const agreements = await filesIn([join(out, 'agreements.ndjson')], context)
  const records = await filesIn([join(out, 'incoming-data-records')], context)
  const imported = [
    { kind: 'agreements', ...(await importAll(system, 'agreements', agreements)) },
    { kind: 'data-records', ...(await importAll(system, 'data-records', records)) },
  ]
  await catchUp(system)
  return imported
}

async function billingPeriods(readStore: ReadStore): Promise<BillingPeriod[]> {
  const build = await readStore.live(dataPlans.name)
  const page = await build?.page('billing-periods', { limit: shownPeriods })
  return page?.rows.map(({ text }) => JSON.parse(text) as BillingPeriod) ?? []
}

function shownNotification(notification: Notification['data']): string {
  const { type, agreementId, year, month, totalRecordedBytes, latestRecordedAt } = notification
  const total = String(totalRecordedBytes).padStart(12)
  return `  ${type.padEnd(23)} ${agreementId} ${year}-${String(month).padStart(2, '0')} ${total} bytes, latest ${latestRecordedAt}`
}

function shownPeriod(period: BillingPeriod) {
  return {
    agreement: period.agreementId,
    month: `${period.year}-${String(period.month).padStart(2, '0')}`,
    bytes: Number(period.totalRecordedBytes),
    limit: period.maxBytesInBillingPeriod,
    exceeded: period.exceeded,
    records: period.recordCount,
    status: period.status,
    latest: period.latestRecordedAt,
  }
}
