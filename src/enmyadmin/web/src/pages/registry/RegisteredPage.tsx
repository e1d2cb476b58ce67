import { Alert, Button, Group, Loader, Stack, Text, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { asProblem } from "@/api/problem";
import { useAllowed } from "@/api/queries";
import {
  type AliasChange,
  type Registered,
  type RegisteredDetails,
  useDeleteRegistered,
  useRegistered,
  useRollBack,
} from "@/api/registry";
import { EditDialog, type Edited } from "@/form/EditDialog";
import { useTexts } from "@/i18n";
import { AppLink } from "@/shell/AppLink";
import { useTitle } from "@/shell/title";
import { useConfirm } from "@/shell/useConfirm";
import { CardTable } from "@/table/CardTable";
import { formatTime } from "@/table/format";
import { Timeline } from "@/pages/monitoring/Timeline";
import { RegisteredForm } from "./RegisteredForm";
import { RemarkDialog } from "./RemarkDialog";
import { Versions } from "./Versions";

/** One registered model: what is in production and who put it there, its versions side by side, all changes. */
export default function RegisteredPage() {
  const { name } = useParams({ strict: false }) as { name: string };
  const { t } = useTexts();
  const { data, error } = useRegistered(name);
  useTitle(name);
  if (error)
    return (
      <Stack align="flex-start">
        <Title order={1}>{name}</Title>
        <Alert color="red" role="alert">
          {asProblem(error).detail}
        </Alert>
        <AppLink to="/registry">{t("nav.registry")}</AppLink>
      </Stack>
    );
  return data ? <OneRegistered registered={data} /> : <Loader aria-label={t("state.loading")} />;
}

function OneRegistered({ registered }: { registered: RegisteredDetails }) {
  const { t, label } = useTexts();
  const allowed = useAllowed();
  const navigate = useNavigate();
  const [edited, setEdited] = useState<Edited<Registered>>(null);
  const [isRollingBack, setRollingBack] = useState(false);
  const [confirm, ask] = useConfirm();
  const remove = useDeleteRegistered(registered.name);
  const rollBack = useRollBack(registered.name);
  const failed = (problem: unknown) => notifications.show({ color: "red", message: label(asProblem(problem).detail), autoClose: 10_000 });
  const mayRelease = allowed("release");
  return (
    <Stack gap="lg">
      {confirm}
      <Stack gap={4} component="header">
        <AppLink to="/registry" fz="sm">
          {t("nav.registry")}
        </AppLink>
        <Group justify="space-between" align="flex-end">
          <Title order={1} style={{ overflowWrap: "anywhere" }}>
            {registered.name}
          </Title>
          {mayRelease && (
            <Group gap="xs">
              <Button
                variant="default"
                onClick={() =>
                  ask({
                    title: t("schedules.delete"),
                    text: t("registry.delete_sure"),
                    act: () => remove.mutate(undefined, { onSuccess: () => navigate({ to: "/registry" as never }), onError: failed }),
                  })
                }
              >
                {t("schedules.delete")}
              </Button>
              <Button variant="default" onClick={() => setEdited(registered)}>
                {t("registry.edit")}
              </Button>
              {registered.aliases.previous && (
                <Button variant="default" onClick={() => setRollingBack(true)}>
                  {t("registry.roll_back")}
                </Button>
              )}
            </Group>
          )}
        </Group>
        {registered.description && <Text>{registered.description}</Text>}
        <InProduction registered={registered} />
        <AppLink to={`/monitoring/${encodeURIComponent(registered.name)}`} fz="sm">
          {t("nav.monitoring")}
        </AppLink>
      </Stack>
      {registered.items.length === 0 ? (
        <Text c="dimmed">{t("empty.versions")}</Text>
      ) : (
        <Versions registered={registered} />
      )}
      <Timeline name={registered.name} />
      {registered.history.length > 0 && <History changes={registered.history} />}
      <EditDialog edited={edited} title="" onClose={() => setEdited(null)}>
        {(each) => <RegisteredForm registered={each} onDone={() => setEdited(null)} />}
      </EditDialog>
      <RemarkDialog
        isOpen={isRollingBack}
        title={t("registry.roll_back")}
        text={t("registry.roll_back_about", { n: registered.aliases.previous ?? 0 })}
        onClose={() => setRollingBack(false)}
        onSend={(remark) => rollBack.mutate(remark, { onError: failed })}
      />
    </Stack>
  );
}

/** The answer to the first question: what is released, and who said so. */
function InProduction({ registered: { aliases, history } }: { registered: RegisteredDetails }) {
  const { t, label, language } = useTexts();
  if (!aliases.production) return <Text>{t("registry.none")}</Text>;
  const change = history.find((each) => each.alias === "production" && each.after === aliases.production);
  return (
    <Text>
      <strong>{t("registry.in_production", { n: aliases.production })}</strong>
      {change && ` · ${change.changed_by || t("audit.nobody")}, ${formatTime(change.created_at, language)}`}
      {change?.remark && ` · ${label(change.remark)}`}
    </Text>
  );
}

function History({ changes }: { changes: AliasChange[] }) {
  const { t, label, language } = useTexts();
  const version = (number: number | null) => (number === null ? "–" : t("registry.version", { n: number }));
  return (
    <Stack gap="xs" component="section" aria-label={t("registry.history")}>
      <Title order={2}>{t("registry.history")}</Title>
      <CardTable<AliasChange>
        label={t("registry.history")}
        rows={changes}
        columns={[
          { title: t("audit.at"), oneLine: true, cell: (each) => formatTime(each.created_at, language) },
          { title: t("registry.alias"), cell: (each) => aliasText(each.alias, t) },
          { title: t("registry.before"), cell: (each) => version(each.before) },
          { title: t("registry.after"), cell: (each) => version(each.after) },
          { title: t("audit.who"), cell: (each) => each.changed_by || "–" },
          { title: t("registry.remark"), cell: (each) => (each.remark ? label(each.remark) : "–") },
        ]}
      />
    </Stack>
  );
}

/** The name of an alias; those that the registry gives itself in the language of the page. */
export function aliasText(alias: string, t: ReturnType<typeof useTexts>["t"]): string {
  const known = ["production", "challenger", "previous"].includes(alias);
  return known ? t(`registry.${alias}` as "registry.production") : alias;
}
