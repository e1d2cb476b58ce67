import { Anchor, Group, Stack, Text, TextInput, Title, Tooltip } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconPlus } from "@tabler/icons-react";
import { useRouterState } from "@tanstack/react-router";
import { useId, useState } from "react";
import { useAllowed, useList } from "@/api/queries";
import type { Collection } from "@/api/types";
import { useTexts } from "@/i18n";
import { AppLink, LinkEntry, LinkIcon } from "./AppLink";
import { nameContains } from "@/table/filters";

const SHOWN = 12;

/** One of the two lists of the panel: create, filter, the count, and the entries as `Solar activity (35)`. */
export function RecordList({ collection }: { collection: Collection }) {
  const { t } = useTexts();
  const allowed = useAllowed();
  const heading = useId();
  const [text, setText] = useState("");
  const [filter] = useDebouncedValue(text, 200);
  const where = filter ? nameContains(filter) : undefined;
  const list = useList(collection, { where, limit: SHOWN, order_by: "id desc", columns: ["name"] });
  const all = useList(collection, { limit: 1, columns: ["name"] });
  const path = useRouterState({ select: (state) => state.location.pathname });
  const items = list.data?.pages.flatMap((page) => page.items) ?? [];
  const count = list.data?.pages[0]?.count;
  const total = all.data?.pages[0]?.count;
  return (
    <Stack gap={4} component="section" aria-labelledby={heading}>
      <Group justify="space-between" wrap="nowrap">
        <Title order={2} id={heading} fz="sm">
          <AppLink to={`/${collection}`} c="inherit">
            {t(`collection.${collection}`)}
          </AppLink>
        </Title>
        {allowed("create") && (
          <Tooltip label={t(`create.${collection}`)}>
            <LinkIcon to={`/${collection}/new`} variant="subtle" aria-label={t(`create.${collection}`)}>
              <IconPlus size={18} aria-hidden />
            </LinkIcon>
          </Tooltip>
        )}
      </Group>
      {(total?.value ?? 0) > 0 && (
        <Group gap="xs" wrap="nowrap">
          <TextInput
            size="xs"
            flex={1}
            type="search"
            placeholder={t("panel.filter")}
            aria-label={t("panel.filter_of", { what: t(`collection.${collection}`) })}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
          <Text fz="xs" c="dimmed" aria-live="polite">
            {count && total ? t("panel.count", { shown: count.value, total: total.value }) : ""}
          </Text>
        </Group>
      )}
      {items.map((item) => {
        const to = `/${collection}/${item.id}`;
        return (
          <LinkEntry
            key={item.id}
            to={to}
            label={
              <Text span inherit lineClamp={2} style={{ overflowWrap: "anywhere" }}>
                {item.name ?? t("item.unnamed")} <span style={{ opacity: 0.85 }}>({item.id})</span>
              </Text>
            }
            active={path === to}
            aria-current={path === to ? "page" : undefined}
            py={4}
          />
        );
      })}
      {list.hasNextPage && (
        <Anchor component="button" type="button" fz="xs" px="sm" ta="left" onClick={() => list.fetchNextPage()}>
          {t("panel.more")}
        </Anchor>
      )}
      {total?.value === 0 && (
        <Text fz="xs" c="dimmed">
          {t(`empty.${collection as "projects" | "data-sources"}`)}
        </Text>
      )}
    </Stack>
  );
}
