import { Type } from 'typebox'
import { WalletEventInput } from '../domain/money-input.js'
import { UserEventInput } from '../domain/user-info-input.js'
import { moneyEnriched } from '../projections/money/money-enriched.js'
import { pastOfMoney } from '../projections/money/past.js'
import { findMoneyEvent, isKnownUser, listMoneyEvents } from '../projections/queries/money-events.js'
import {
  component,
  documentAnswer,
  documentProblems,
  json,
  listOf,
  listProblems,
  notModified,
  problemAnswers,
} from './answers.js'
import { DocumentHeaders, ofReadModels, sendDocument } from './documents.js'
import { asTexts, sendList } from './lists.js'
import { DocumentQuery, ListQuery } from './parameters.js'
import { Problem } from './problem.js'
import { intakeRoute } from './record-intake.js'
import type { Server, Services } from './services.js'
import { whenAsked } from './time-travel.js'

const tag = 'Money'
const tags = [tag]
const userId = Type.String({ description: 'the id of a user', examples: ['user-1'] })
const moneyId = Type.String({ description: 'the id of some money of the user' })

const MoneyAnswer = Type.Object({
  money: Type.Object({
    id: Type.String(),
    userId: Type.String(),
    userSessionId: Type.Optional(Type.String()),
    processedAt: Type.String({ description: 'ISO 8601, UTC.' }),
    amount: Type.String({ description: 'A decimal, exact.' }),
    currency: Type.String(),
    closingBalance: Type.String({ description: 'A decimal, exact.' }),
    moneyType: Type.String(),
    isOldMoneyEvent: Type.Boolean(),
  }),
  userInfo: Type.Optional(
    Type.Object(
      { birthYear: Type.Optional(Type.Integer()), residentCountryCode: Type.Optional(Type.String()) },
      { description: 'As of the time of the money.' },
    ),
  ),
  sessionInfo: Type.Optional(Type.Object({ clientCountryCode: Type.String() })),
  firstOccurrence: Type.Boolean({ description: 'Of the money of this user and type it is the first.' }),
  enrichment: Type.Object({
    session: Type.Union(
      ['known', 'looked-up', 'pending', 'none', 'unresolved'].map((status) => Type.Literal(status)),
      { description: 'Where the session info comes from, or why there is none.' },
    ),
    revision: Type.Integer({ description: 'How often it was published (history).' }),
  }),
})

export function moneyEventRoutes(server: Server, services: Services): void {
  intakeRoute(server, services, {
    kind: 'wallet-events',
    name: 'WalletEventInput',
    schema: WalletEventInput,
    summary: 'Take events of wallets in: payments and transactions are money',
    tag,
  })
  intakeRoute(server, services, {
    kind: 'user-events',
    name: 'UserEventInput',
    schema: UserEventInput,
    summary: 'Take events of users in',
    tag,
  })
  const { caughtUp, readStore, timeTravel } = services
  const money = component(server, 'EnrichedMoney', MoneyAnswer)

  const documentSchema = {
    summary: 'Some money with what is known of its user and its session',
    tags,
    params: Type.Object({ userId, id: moneyId }),
    querystring: DocumentQuery,
    headers: DocumentHeaders,
    response: {
      200: documentAnswer('The money, enriched.', money),
      ...notModified,
      ...problemAnswers(...documentProblems),
    },
  }
  server.get(
    '/money-events/:userId/:id',
    { schema: documentSchema, config: ofReadModels },
    async (request, reply) => {
      const { params, query } = request
      const past = await timeTravel.models(query, reply, pastOfMoney(params.userId, params.id))
      const found = await findMoneyEvent(past ?? readStore, params.userId, params.id)
      if (found) return sendDocument(request, reply, JSON.stringify(found))
      const [user, id] = [JSON.stringify(params.userId), JSON.stringify(params.id)]
      throw new Problem('not-found', `user ${user} has no money ${id}${whenAsked(past)}`)
    },
  )

  const listSchema = {
    summary: 'The money of a user, newest first',
    tags,
    params: Type.Object({ userId }),
    querystring: ListQuery,
    response: { 200: json('A page of it.', listOf(money)), ...problemAnswers('not-found', ...listProblems) },
  }
  server.get('/users/:userId/money-events', { schema: listSchema }, async (request, reply) => {
    const { params, query } = request
    await caughtUp.documents(moneyEnriched.name, query.minPosition)
    const read = asTexts((page) => listMoneyEvents(readStore, params.userId, page))
    return sendList(reply, `money-events/${params.userId}`, query, async (page) => {
      const money = await read(page)
      if (money.items.length > 0 || (await isKnownUser(readStore, params.userId))) return money
      throw new Problem('not-found', `nothing is known of user ${JSON.stringify(params.userId)}`)
    })
  })
}
