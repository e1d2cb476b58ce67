import { Alert, Card, List, SimpleGrid, Stack, Table, Text, Title } from "@mantine/core";
import { IconAlertTriangle, IconHelp } from "@tabler/icons-react";
import type { IntentPlan } from "@/api/intents";
import { useTexts } from "@/i18n";
import { StepGraph } from "@/pages/pipelines/StepGraph";
import { stepsOf } from "@/pages/pipelines/graph";

/** A plan: what is missing, what cannot be met, and all that would be made. */
export function PlanView({ plan }: { plan: IntentPlan }) {
  const { t, label } = useTexts();
  return (
    <Stack component="section" aria-label={t("intents.the_plan")} aria-live="polite" style={{ overflowWrap: "anywhere" }}>
      {plan.questions.length > 0 && (
        <Alert color="blue" icon={<IconHelp aria-hidden />} title={t("intents.questions")}>
          <Sentences items={plan.questions} />
        </Alert>
      )}
      {plan.conflicts.map((each) => (
        <Alert key={each.fact} color="red" icon={<IconAlertTriangle aria-hidden />} title={label(each.fact)}>
          <Text fz="sm">{t("intents.would_do")}</Text>
          <Sentences items={each.relaxations} />
        </Alert>
      ))}
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <Part title={t("intents.requirements")} items={plan.requirements} />
        <Part title={t("intents.constraints")} items={[...plan.constraints, ...plan.remarks]} />
        <Facts title={t("intents.behaviour")} facts={plan.behaviour} />
        <Facts title={t("intents.profile")} facts={plan.profile} />
      </SimpleGrid>
      {plan.pipeline && (
        <Stack gap="xs">
          <Title order={2} fz="md">
            {t("intents.pipeline")}
          </Title>
          <StepGraph steps={stepsOf(plan.pipeline)} label={t("intents.pipeline")} isVertical={false} />
        </Stack>
      )}
    </Stack>
  );
}

function Sentences({ items }: { items: string[] }) {
  const { label } = useTexts();
  if (items.length === 1) return <Text fz="sm">{label(items[0])}</Text>;
  return (
    <List size="sm">
      {items.map((each) => (
        <List.Item key={each}>{label(each)}</List.Item>
      ))}
    </List>
  );
}

function Part({ title, items }: { title: string; items: string[] }) {
  if (items.length === 0) return null;
  return (
    <Card withBorder>
      <Title order={2} fz="md" mb="xs">
        {title}
      </Title>
      <Sentences items={items} />
    </Card>
  );
}

function Facts({ title, facts }: { title: string; facts: Record<string, unknown> }) {
  const { label, language } = useTexts();
  const known = Object.entries(facts).filter(([, value]) => value !== null && value !== false);
  if (known.length === 0) return null;
  return (
    <Card withBorder>
      <Title order={2} fz="md" mb="xs">
        {title}
      </Title>
      <Table aria-label={title} withRowBorders={false} verticalSpacing={2} horizontalSpacing={0} fz="sm">
        <Table.Tbody>
          {known.map(([name, value]) => (
            <Table.Tr key={name}>
              <Table.Th scope="row" fw={400} c="dimmed" w="40%" style={{ verticalAlign: "top" }}>
                {label(name.replaceAll("_", " "))}
              </Table.Th>
              <Table.Td>{shown(value, language)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Card>
  );
}

function shown(value: unknown, language: string): string {
  if (Array.isArray(value)) return value.map((each) => shown(each, language)).join(", ");
  if (typeof value === "number") return new Intl.NumberFormat(language, { maximumSignificantDigits: 5 }).format(value);
  return value === true ? "✓" : String(value);
}
