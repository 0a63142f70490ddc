import { AssignerProtocol, type Admin } from 'kafkajs'

/** Is this member one of the group, as the brokers have it now? While the group is put together anew, nobody is. */
export async function isMember(admin: Admin, group: string, member: string): Promise<boolean> {
  return (await find(admin, group, member)) !== undefined
}

/** Does the group, as the brokers have it now, have this member read the partition? */
export async function isAssigned(
  admin: Admin,
  group: string,
  member: string,
  { topic, partition }: { readonly topic: string; readonly partition: number },
): Promise<boolean> {
  const found = await find(admin, group, member)
  if (!found) return false
  const assignment = AssignerProtocol.MemberAssignment.decode(found.memberAssignment)?.assignment
  return assignment?.[topic]?.includes(partition) ?? false
}

async function find(admin: Admin, group: string, member: string) {
  const { groups } = await admin.describeGroups([group])
  const [described] = groups
  if (described?.state !== 'Stable') return undefined
  return described.members.find(({ memberId }) => memberId === member)
}
