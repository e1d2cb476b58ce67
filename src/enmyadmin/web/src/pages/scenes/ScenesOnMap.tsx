import { Text } from "@mantine/core";
import { useList } from "@/api/queries";
import { useTexts } from "@/i18n";
import { SceneMap } from "./SceneMap";

const MOST = 500;
const COLUMNS = ["west", "south", "east", "north", "footprint", "cloud_share"];

/** The first scenes that the filter of a list finds, on a map. */
export function ScenesOnMap({ where }: { where?: string }) {
  const { t } = useTexts();
  const found = useList("scenes", { where, columns: ["name", ...COLUMNS], limit: MOST }).data?.pages[0].items ?? [];
  if (found.length === 0) return null;
  return (
    <div>
      <SceneMap scenes={found} />
      <Text fz="xs" c="dimmed">
        {t("scenes.on_map", { n: found.length })}
      </Text>
    </div>
  );
}
