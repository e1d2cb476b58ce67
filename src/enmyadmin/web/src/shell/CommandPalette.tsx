import { Spotlight, type SpotlightActionData } from "@mantine/spotlight";
import { useDebouncedValue } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { get } from "@/api/request";
import { type Found, type Session, collectionOf } from "@/api/types";
import { type Key, useTexts } from "@/i18n";

interface FoundRecords {
  items: Found[];
}

const PLACES: [string, Key, string?][] = [
  ["/", "nav.home"],
  ["/forecast", "nav.forecast", "train"],
  ["/projects/new", "create.projects", "create"],
  ["/data-sources/new", "create.data-sources", "create"],
  ["/projects", "collection.projects"],
  ["/data-sources", "collection.data-sources"],
  ["/snapshots", "collection.snapshots"],
  ["/preparations", "collection.preparations"],
  ["/data-sets", "collection.data-sets"],
  ["/researches", "collection.researches"],
  ["/models", "collection.models"],
  ["/ensembles", "collection.ensembles"],
  ["/panels", "collection.panels"],
  ["/intents", "nav.intents"],
  ["/pipelines", "nav.pipelines"],
  ["/pipelines/new", "pipelines.new", "create"],
  ["/schedules", "nav.schedules"],
  ["/runs", "nav.runs"],
  ["/notifications", "nav.notifications"],
  ["/trash", "nav.trash"],
];

/** Finds places and records by name: opened by `/` or Ctrl-K. */
export function CommandPalette({ session }: { session: Session }) {
  const { t } = useTexts();
  const navigate = useNavigate();
  const [text, setText] = useState("");
  const [wanted] = useDebouncedValue(text.trim(), 150);
  const found = useQuery({
    queryKey: ["search", wanted],
    queryFn: ({ signal }) => get<FoundRecords>("/search", { q: wanted }, signal),
    enabled: wanted.length > 0,
  });
  const matches = (label: string) => label.toLowerCase().includes(text.trim().toLowerCase());
  const places: SpotlightActionData[] = PLACES.filter(([, , needs]) => !needs || session.permissions.includes(needs))
    .map(([to, key]) => ({ id: to, label: t(key), onClick: () => navigate({ to: to as never }) }))
    .filter((each) => matches(each.label));
  const records: SpotlightActionData[] = (wanted ? (found.data?.items ?? []) : []).map(({ entity, id, name }) => ({
    id: `${entity}/${id}`,
    label: `${name ?? t("item.unnamed")} (${id})`,
    description: t(`one.${collectionOf(entity)}`),
    onClick: () => navigate({ to: `/${collectionOf(entity)}/${id}` as never }),
  }));
  return (
    <Spotlight
      query={text}
      onQueryChange={setText}
      shortcut={["/", "mod+K"]}
      actions={[...records, ...places]}
      filter={(_, actions) => actions}
      nothingFound={found.isFetching ? t("state.loading") : t("palette.nothing")}
      highlightQuery
      limit={20}
      scrollable
      maxHeight={420}
      searchProps={{
        leftSection: <IconSearch size={18} aria-hidden />,
        placeholder: t("palette.placeholder"),
        "aria-label": t("palette.placeholder"),
      }}
    />
  );
}
