import { randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'

/** A server that the tests of an adapter talk to. */
interface Server {
  readonly name: string
  /** The environment variable that says where one runs. */
  readonly variable: string
  /** Else it runs in a container, where there is Docker. */
  readonly container: {
    readonly image: string
    readonly port: number
    readonly environment: Readonly<Record<string, string>>
    /** Answers 2xx when it is ready. */
    readonly health: string
  }
  readonly url: (host: string, port: number) => string
}

/**
 * Where EventStoreDB runs for this test file: at `EVENTSTOREDB_URL`, else in a container. Undefined if there is
 * neither; then the file has said that it is skipped.
 */
export function eventStoreDbUrl(): Promise<string | undefined> {
  return urlOf(t, {
    name: 'EventStoreDB',
    variable: 'EVENTSTOREDB_URL',
    container: {
      image: 'eventstore/eventstore:24.10',
      port: 2113,
      environment: {
        EVENTSTORE_INSECURE: 'true',
        EVENTSTORE_MEM_DB: 'true',
        EVENTSTORE_TELEMETRY_OPTOUT: 'true',
      },
      health: '/health/live',
    },
    url: (host, port) => `esdb://${host}:${port}?tls=false`,
  })
}

/** A name for what one test keeps in a server that others use as well. */
export function ownName(): string {
  return `test_${randomBytes(8).toString('hex')}`
}

/** Where the environment says that a server runs: test/run.ts hides the plain names from the programs that tests start. */
export function addressIn(variable: string): string | undefined {
  const { [`TEST_${variable}`]: handedOn, [variable]: plain } = process.env
  return handedOn || plain || undefined
}

/** The files of a process share them. */
const containers: Record<string, Promise<string>> = {}

async function urlOf(t: Test, server: Server): Promise<string | undefined> {
  const url = addressIn(server.variable)
  if (url) return url
  if (await hasDocker()) return (containers[server.name] ??= startContainer(t, server))
  t.comment(`${server.name}: skipped, as there is neither ${server.variable} nor Docker`)
  t.pass('skipped', { skip: true })
  return undefined
}

/** Asks the runtime itself: a docker binary alone runs nothing. */
export async function hasDocker(): Promise<boolean> {
  const { getContainerRuntimeClient } = await import('testcontainers')
  return getContainerRuntimeClient().then(
    () => true,
    () => false,
  )
}

async function startContainer(t: Test, { container, url }: Server): Promise<string> {
  const { GenericContainer, Wait } = await import('testcontainers')
  const { image, port, environment, health } = container
  const started = await new GenericContainer(image)
    .withEnvironment(environment)
    .withExposedPorts(port)
    .withWaitStrategy(Wait.forHttp(health, port).forStatusCodeMatching((code) => code >= 200 && code < 300))
    .start()
  t.teardown(() => started.stop())
  return url(started.getHost(), started.getMappedPort(port))
}
