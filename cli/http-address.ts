import { InvalidSetting } from './invalid-setting.js'

/**
 * The address of a service, as it was given. It may hold user and password, so it is never repeated.
 *
 * @param example of such an address
 * @throws {InvalidSetting}
 */
export function httpAddressOf(name: string, value: string, example: string): string {
  const url = URL.canParse(value) ? new URL(value) : undefined
  if (!url || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '') {
    throw new InvalidSetting(
      `${name} is no http or https address without a query: it takes one such as ${example}`,
    )
  }
  if (!isDecodable(url.username) || !isDecodable(url.password)) {
    throw new InvalidSetting(
      `${name} has a % in its user or password that is not followed by two hexadecimal digits: write it as %25`,
    )
  }
  return value
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}
