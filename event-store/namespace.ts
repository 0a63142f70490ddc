/** What tells deployments on the same servers apart may be called so. */
export const namespaceForm = 'a letter, then letters, digits and underscores, 30 characters at most'

/**
 * Whether a namespace can be called so. Names in servers are made with it: a dash would end the category that EventStoreDB's
 * `$ce-` goes by, a full stop the namespace itself.
 */
export function isNamespace(name: string): boolean {
  return /^[A-Za-z][A-Za-z0-9_]{0,29}$/.test(name)
}
