import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { inputsOf, outputTopicsOf } from '../../bridge/kafka/settings.js'
import { kafkaSettings, schemaRegistryOf } from '../../cli/kafka-settings.js'
import { temporaryFolder } from '../projections/tidemark.js'

const KAFKA_BROKERS = 'one:9092'

void t.test('there is no bridge without brokers', async (t) => {
  t.equal(kafkaSettings({}), undefined)
  t.equal(kafkaSettings({ KAFKA_BROKERS: '', KAFKA_SSL: 'true' }), undefined)
  t.throws(() => kafkaSettings({ KAFKA_SSL: 'nonsense' }), { message: /KAFKA_SSL is "nonsense"/ })
})

void t.test('by default: topics as they are declared, no TLS, no credentials', async (t) => {
  const settings = kafkaSettings({ KAFKA_BROKERS: 'one:9092, two.example.org:9093,[::1]:9094' })!
  t.same(settings, {
    brokers: ['one:9092', 'two.example.org:9093', '[::1]:9094'],
    group: 'tidemark',
    topics: {},
    ssl: false,
  })
  t.same(inputsOf(settings).slice(0, 2), [
    { kind: 'agreements', topic: 'agreements' },
    { kind: 'data-records', topic: 'incoming-data-records' },
  ])
  t.match(outputTopicsOf(settings), [{ output: 'data-records-aggregates', topic: 'data-records-aggregates' }])
})

void t.test('topics can have other names', async (t) => {
  const KAFKA_TOPICS = ' agreements = prod.agreements ,data-records-aggregates=prod_aggregates,'
  const settings = kafkaSettings({ KAFKA_BROKERS, KAFKA_TOPICS, KAFKA_GROUP: 'prod-1' })!
  t.equal(settings.group, 'prod-1')
  t.same(
    inputsOf(settings)
      .slice(0, 2)
      .map(({ topic }) => topic),
    ['prod.agreements', 'incoming-data-records'],
  )
  t.match(outputTopicsOf(settings), [{ topic: 'prod_aggregates' }])
})

void t.test('a namespace has a group of its own, unless the group is named', async (t) => {
  const group = (env: Record<string, string>) => kafkaSettings({ KAFKA_BROKERS, ...env })?.group
  t.equal(group({ TIDEMARK_NAMESPACE: 'staging' }), 'tidemark-staging')
  t.equal(group({ TIDEMARK_NAMESPACE: 'staging', KAFKA_GROUP: '' }), 'tidemark-staging')
  t.equal(group({ TIDEMARK_NAMESPACE: 'staging', KAFKA_GROUP: 'mine' }), 'mine')
  t.equal(group({ TIDEMARK_NAMESPACE: '' }), 'tidemark')
})

void t.test('TLS and credentials', async (t) => {
  const ca = join(temporaryFolder(t), 'ca.pem')
  writeFileSync(ca, 'certificates')
  const read = (env: Record<string, string>) => kafkaSettings({ KAFKA_BROKERS, ...env })
  t.match(read({ KAFKA_SSL: 'true' }), { ssl: true })
  t.match(read({ KAFKA_SSL: 'true', KAFKA_SSL_CA: ca }), { ssl: { ca: 'certificates' } })
  const user = { KAFKA_SASL_USERNAME: 'reader', KAFKA_SASL_PASSWORD: 'geheim' }
  t.match(read(user), { sasl: { mechanism: 'plain', username: 'reader', password: 'geheim' } })
  t.match(read({ ...user, KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512' }), { sasl: { mechanism: 'scram-sha-512' } })
})

void t.test('what cannot be used is refused, and secrets are not shown', async (t) => {
  const refused: [says: RegExp, env: Record<string, string>][] = [
    [/KAFKA_BROKERS has "one"/, { KAFKA_BROKERS: 'one' }],
    [/KAFKA_BROKERS has ""/, { KAFKA_BROKERS: 'one:1,' }],
    [/KAFKA_BROKERS has "one:0"/, { KAFKA_BROKERS: 'one:0' }],
    [/KAFKA_BROKERS has "http:\/\/one:1"/, { KAFKA_BROKERS: 'http://one:1' }],
    [/KAFKA_BROKERS is no broker.*no credentials/, { KAFKA_BROKERS: 'reader:geheim@one:1' }],
    [/KAFKA_GROUP is "a b"/, { KAFKA_GROUP: 'a b' }],
    [/KAFKA_TOPICS has "nonsense=a".*names are agreements, incoming/, { KAFKA_TOPICS: 'nonsense=a' }],
    [/KAFKA_TOPICS has "agreements"/, { KAFKA_TOPICS: 'agreements' }],
    [/KAFKA_TOPICS has "agreements=a=b"/, { KAFKA_TOPICS: 'agreements=a=b' }],
    [/KAFKA_TOPICS has "agreements=a\/b"/, { KAFKA_TOPICS: 'agreements=a/b' }],
    [/KAFKA_TOPICS has the topic a for two uses/, { KAFKA_TOPICS: 'agreements=a,incoming-data-records=a' }],
    [/KAFKA_TOPICS has the topic agreements for two/, { KAFKA_TOPICS: 'incoming-data-records=agreements' }],
    [/KAFKA_SSL is "1"/, { KAFKA_SSL: '1' }],
    [/KAFKA_SSL is not true/, { KAFKA_SSL_CA: '/nowhere' }],
    [/KAFKA_SSL_CA is no file/, { KAFKA_SSL: 'true', KAFKA_SSL_CA: '/nowhere' }],
    [/KAFKA_SASL_MECHANISM is "gssapi"/, { KAFKA_SASL_MECHANISM: 'gssapi' }],
    [/KAFKA_SASL_USERNAME is not set/, { KAFKA_SASL_PASSWORD: 'geheim' }],
    [/KAFKA_SASL_PASSWORD is not set/, { KAFKA_SASL_USERNAME: 'reader' }],
  ]
  for (const [message, env] of refused) {
    try {
      kafkaSettings({ KAFKA_BROKERS, ...env })
      t.fail(`${JSON.stringify(env)} is taken`)
    } catch (error) {
      t.match(error, { code: 'invalid-setting', message })
      t.notMatch((error as Error).message, /geheim/)
    }
  }
})

void t.test('the schema registry is an address', async (t) => {
  t.equal(schemaRegistryOf(undefined), undefined)
  t.equal(schemaRegistryOf(''), undefined)
  t.equal(schemaRegistryOf('https://reader:geheim@registry/path'), 'https://reader:geheim@registry/path')
  for (const value of ['registry', 'registry:8081', 'ftp://reader:geheim@registry']) {
    try {
      schemaRegistryOf(value)
      t.fail(`${value} is taken`)
    } catch (error) {
      t.match(error, { code: 'invalid-setting', message: /SCHEMA_REGISTRY_URL/ })
      t.notMatch((error as Error).message, /geheim/)
    }
  }
})
