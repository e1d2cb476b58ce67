import { List, Stack, Text, TextInput, Title } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { get } from "@/api/request";
import { type Found, collectionOf, isEntity } from "@/api/types";
import { useTexts } from "@/i18n";
import { AppLink } from "@/shell/AppLink";
import { useTitle } from "@/shell/title";

interface FoundRecords {
  items: Found[];
}

/** Records of all entities by name, description or tag. */
export default function SearchPage() {
  const { t } = useTexts();
  const { q = "" } = useSearch({ strict: false }) as { q?: string };
  const navigate = useNavigate();
  const [text, setText] = useState(String(q));
  const [wanted] = useDebouncedValue(text.trim(), 250);
  useTitle(t("nav.find"));
  useEffect(() => {
    void navigate({ to: ".", search: (wanted ? { q: wanted } : {}) as never, replace: true });
  }, [wanted, navigate]);
  const found = useQuery({
    queryKey: ["search", wanted],
    queryFn: ({ signal }) => get<FoundRecords>("/search", { q: wanted }, signal),
    enabled: wanted.length > 0,
  });
  const items = found.data?.items.filter((each) => isEntity(each.entity)) ?? [];
  return (
    <Stack maw={720}>
      <Title order={1}>{t("nav.find")}</Title>
      <TextInput
        type="search"
        autoFocus
        aria-label={t("palette.placeholder")}
        placeholder={t("palette.placeholder")}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      {wanted === "" && <Text c="dimmed">{t("search.about")}</Text>}
      {found.isSuccess && items.length === 0 && <Text c="dimmed">{t("palette.nothing")}</Text>}
      <List listStyleType="none" spacing={4}>
        {items.map(({ entity, id, name }) => (
          <List.Item key={`${entity}/${id}`}>
            <AppLink to={`/${collectionOf(entity)}/${id}`}>{name || id}</AppLink>{" "}
            <Text span c="dimmed" fz="sm">
              {t(`one.${collectionOf(entity)}`)} {id}
            </Text>
          </List.Item>
        ))}
      </List>
    </Stack>
  );
}
