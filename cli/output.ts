/** What a command prints for people: aligned columns, numbers to the right. */
export function table(rows: readonly Record<string, string | number | boolean | null | undefined>[]): string {
  const names = Object.keys(rows[0] ?? {})
  const cells = [names, ...rows.map((row) => names.map((name) => shown(row[name])))]
  // There may be more rows than a call takes arguments.
  const widths = names.map((_, column) =>
    cells.reduce((width, row) => Math.max(width, row[column]?.length ?? 0), 0),
  )
  const right = names.map((name) => rows.every((row) => typeof row[name] === 'number'))
  return cells
    .map((row) =>
      row
        .map((cell, i) => (right[i] ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function shown(value: string | number | boolean | null | undefined): string {
  if (value === null || value === undefined) return '-'
  return String(value)
}

/** Where a command's results go. `--json` prints one document and nothing else on stdout. */
export interface Output {
  readonly json: boolean
  /** A line for people; nothing with `--json`. */
  say(text: string): void
  /** The result: as a document with `--json`, else as `text`. */
  result(document: unknown, text: () => string): void
  /** A remark that is no result, on stderr. */
  remark(text: string): void
}

export function outputTo(json: boolean): Output {
  return {
    json,
    say: (text) => {
      if (!json) process.stdout.write(text + '\n')
    },
    result: (document, text) => {
      process.stdout.write((json ? JSON.stringify(document, null, 2) : text()) + '\n')
    },
    remark: (text) => {
      process.stderr.write(text + '\n')
    },
  }
}
