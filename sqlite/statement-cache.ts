import type { Database, Statement } from './driver.js'

/**
 * Prepared statements by their SQL text. Bounded: texts that name a table which comes and goes do not pile up.
 */
export function statementCache(database: Database, capacity = 500): (sql: string) => Statement {
  const statements = new Map<string, Statement>()
  return (sql) => {
    const known = statements.get(sql)
    if (known) return known
    const statement = database.prepare(sql)
    if (statements.size >= capacity) statements.clear()
    statements.set(sql, statement)
    return statement
  }
}
