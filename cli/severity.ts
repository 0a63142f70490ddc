import { match } from 'ts-pattern'
import type { BridgeReport } from '../bridge/kafka/reports.js'
import type { ProjectorReport } from './projector.js'

/** At which level of the log a report is written. */
export function severityOf(report: ProjectorReport | BridgeReport): 'error' | 'warn' | 'info' | 'debug' {
  return match(report.type)
    .with('failed', 'trouble', 'lost', () => 'error' as const)
    .with('warning', 'fenced', 'absent', () => 'warn' as const)
    .with('started', 'rebuilding', 'rebuilt', 'stopped', () => 'info' as const)
    .with('connected', 'created', 'assigned', 'claimed', 'publishing', 'recovered', () => 'info' as const)
    .with('client', () => 'debug' as const)
    .exhaustive()
}
