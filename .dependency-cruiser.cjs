/** The import table of docs/architecture.md: data flows one way, and so do the imports. */
const may = {
  domain: [],
  sqlite: [],
  'event-store': ['domain', 'sqlite'],
  'read-store': ['sqlite'],
  commands: ['domain', 'event-store'],
  projections: ['domain', 'event-store', 'read-store'],
  bridge: ['domain', 'commands'],
  api: ['domain', 'event-store', 'commands', 'projections', 'bridge'],
}
const everything = [
  'domain',
  'sqlite',
  'event-store',
  'read-store',
  'commands',
  'projections',
  'bridge',
  'api',
  'cli',
  'test',
  'bench',
]

/** Engines are chosen in the composition root only; everyone else sees the ports. */
const engines = '^(event-store|read-store)/(embedded|eventstoredb|mongodb)'

module.exports = {
  forbidden: [
    ...Object.entries(may).map(([folder, allowed]) => ({
      name: `${folder}-imports`,
      comment: `${folder}/ may import ${allowed.join(', ') || 'nothing of ours'}`,
      severity: 'error',
      from: { path: `^${folder}/` },
      to: {
        path: `^(${everything.filter((other) => other !== folder && !allowed.includes(other)).join('|')})/`,
      },
    })),
    {
      name: 'pure-domain',
      comment: 'domain/ does no I/O and reads no clock',
      severity: 'error',
      from: { path: '^domain/' },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?crypto$' },
    },
    {
      name: 'engines-behind-ports',
      comment: 'only cli/ knows which engine is in use',
      severity: 'error',
      from: { path: '^(domain|commands|projections|bridge|api)/' },
      to: { path: engines },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
  },
}
